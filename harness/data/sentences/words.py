"""Word lists of the segmentation rules, one table per language.

Abbreviations are in lower case, without their last dot.
"""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """The word lists of a language."""

    titles: frozenset[str] = frozenset()
    """Abbreviations before a name, which never end a sentence."""
    never: frozenset[str] = frozenset()
    """Other abbreviations that never end a sentence."""
    before_number: frozenset[str] = frozenset()
    """Abbreviations only before a number; elsewhere ordinary words, which may end a sentence."""
    maybe: frozenset[str] = frozenset()
    """Abbreviations that end a sentence only before a word in `starters`."""
    capitalized: frozenset[str] = frozenset()
    """Abbreviations like those in `maybe` if capitalized; ordinary words in lower case."""
    clock: frozenset[str] = frozenset()
    """Abbreviations of times that end a sentence before a capital, except before a word in `after_clock`."""
    after_clock: frozenset[str] = frozenset()
    """Words that continue a time: time zones and days."""
    shouts: frozenset[str] = frozenset()
    """Names that contain an exclamation mark."""
    before_lower: frozenset[str] = frozenset()
    """Abbreviations that never end a sentence before a word in lower case."""
    saying: frozenset[str] = frozenset()
    """Verbs that continue a sentence after a question or exclamation: "Why? asked the king."."""
    starters: frozenset[str] = frozenset()
    """Words that usually start a sentence if capitalized."""
    ordinals: bool = False
    """Whether a dot after a number makes it an ordinal: "2. Dünya Savaşı"."""

    @property
    def known(self) -> frozenset[str]:
        """All abbreviations except those in `before_lower`."""
        return self.titles | self.never | self.before_number | self.maybe | self.capitalized | self.clock


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENGLISH = Words(
    titles=_words(
        "mr mrs ms mx dr drs prof profs gen gens lt ltc lts col cols sgt capt cpl pvt pfc maj cmdr cdr adm "
        "sen sens rep reps gov govs pres rev fr hon messrs supt det insp amb atty"
    ),
    never=_words("e.g i.e eg ie v vs viz cf approx ca p.s n.b"),
    before_number=_words(
        "no nos n° nr pp par para fig figs eq vol vols ch sect art arts ed tel ext jan feb mar apr jun jul "
        "aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun rs op cl hr hrs min"
    ),
    maybe=_words(
        "inc corp co cos ltd llc plc bros jr sr esq al dept univ assn assoc ave blvd rd st ste mt mts ft sq "
        "hwy bldg apt intl natl govt admin asst sec ph.d ed.d est d"
    ),
    capitalized=_words(
        "ala ariz ark calif cal colo conn del fla ga ill ind kan kans ky la md mass mich minn miss mo mont "
        "neb nev okla ont ore pa penn que tenn tex va vt wash wis wyo"
    ),
    clock=_words("a.m p.m b.c b.c.e c.e a.d"),
    after_clock=_words(
        "et est edt pt pst pdt ct cst cdt mt mst mdt gmt utc bst cet cest ist jst aest eastern pacific "
        "central mountain monday tuesday wednesday thursday friday saturday sunday"
    ),
    shouts=_words("yahoo jeopardy yum e"),
    before_lower=_words(
        "esp incl excl resp dist ext min max temp hrs yrs lbs tbsp tsp cont orig trans illus diam equiv avg attn "
        "prob etc hist sing var gal min sec approx est qts pts mins secs"
    ),
    saying=_words("said says asked asks wrote writes added replied cried cries shouted exclaimed answered"),
    starters=_words(
        "the a an this that these those there it he she they we you i his her its their our my your it's he's "
        "she's they're we're i'm that's there's i've we've don't who what when where why how which if in on "
        "at for from by with as after before although though while since because but and or so yet however "
        "meanwhile also then now not some many most both each every more such another only even just still "
        "once during through between among about against according despite instead until unless do does did "
        "is are was were has have had could would should let here perhaps maybe thus therefore moreover "
        "furthermore nevertheless nonetheless otherwise additionally finally later earlier today yesterday "
        "tomorrow to them him us nobody everyone everything nothing something"
    ),
)

_ARABIC = Words(  # initials and titles of one letter ("د.") need no table
    titles=_words("أ.د م.م د.م"),
    before_number=_words("ص ج ط هاتف رقم"),
    maybe=_words("ق.م ب.م هـ ش.م.م إلخ الخ"),
    starters=_words(
        "في من على إلى عن هذا هذه ذلك تلك هو هي هم وقال وقالت قال قالت وأضاف وأضافت وأكد وأكدت وكان وكانت كان كانت "
        "وفي ومن وعلى وهذا وهذه كما لكن ولكن ثم إن أن وأن ولم لم لا ولا ما وما قد وقد لقد بعد قبل عندما حيث إذا هل "
        "لماذا كيف متى أين"
    ),
)

_BULGARIAN = Words(
    titles=_words(
        "проф доц д-р инж акад арх ген полк подполк кап лейт г-н г-жа г-ца гр ул бул св адв гл гл.ас ж.к кв ст.н.с"
    ),
    never=_words("т.е т.нар напр вж срв ок т"),
    before_number=_words("стр чл ал бр тел бл вх ет ап фиг табл т.нр пл рис"),
    maybe=_words("г гг в вв с др т.н пр лв млн млрд хил ст мин сек ч кг км м см пр.н.е сл.хр н.е о.з ад еад оод"),
    before_lower=_words("вкл изкл съкр здр"),
    saying=_words("каза попита извика отговори добави"),
    starters=_words(
        "в във на с със от до за по при през след после преди той тя то те аз ние вие този тази това тези онзи но а и "
        "или ако когато докато като защото така също обаче освен според сега тогава тук там днес вчера утре не да "
        "няма има кой коя кое кои какво къде кога защо как един една едно всички всеки много някои негов "
        "неговият нейният"
    ),
)

_DUTCH = Words(
    titles=_words(
        "dhr hr mevr mw mej mr mrs ms dr drs ir ing prof ds bc gen kol kap lt maj min sen st burg past jhr em gebr wed"
    ),
    never=_words(
        "bijv bv d.w.z m.a.w i.v.m m.b.t t.a.v n.a.v t.o.v i.p.v a.h.v d.m.v o.l.v t.n.v t.g.v vgl cfr zgn zg "
        "resp incl excl ca circa t/m i.c o.b.v z.g"
    ),
    before_number=_words(
        "nr nrs no blz pag p art artt hfdst vol fig tel afb jan feb mrt apr jun jul aug sep sept okt nov dec par lid"
    ),
    maybe=_words(
        "enz etc e.a e.d o.a o.i.d a.u.b s.v.p jl jr sr inc ltd co n.v b.v n.chr v.chr mln mld wo do vr za zo ma di "
        "a.s c.q e.v d.d i.o"
    ),
    before_lower=_words("max evt event gem ongev ex int nat prov iem pres"),
    saying=_words("zei zegt vroeg vraagt riep roept antwoordde schreef"),
    starters=_words(
        "de het een dit dat deze die er hij zij ze wij we jij je u ik zijn haar hun ons onze mijn in op aan bij van "
        "voor met na naar door uit over om als maar en of dus want toch ook nu toen daar hier daarom daarna echter "
        "volgens tijdens sinds zonder tegen wie wat waar wanneer waarom hoe welke niet geen veel alle sommige meer "
        "is was zijn waren heeft had kan kon zou moet omdat terwijl hoewel vandaag gisteren morgen later eerder"
    ),
)

_ITALIAN = Words(
    titles=_words(
        "sig sig.ra sig.na sigg dott dott.ssa dr dr.ssa prof prof.ssa proff avv ing arch geom rag on on.le sen col "
        "cap magg ten mons card cav comm egr gent.mo gent.ma ill.mo spett ss"
    ),
    never=_words("p.es es cfr ca c.d v vs op"),
    before_number=_words("n nn nr num pag pagg p pp art artt vol voll fig figg tel cap capp par tab sez lett ed"),
    maybe=_words("ecc etc s.p.a spa s.r.l srl s.n.c s.a.s a.c d.c jr sr inc ltd co cit min sec mln mld gg u.s n.d.r"),
    before_lower=_words("max incl escl ca circ tot"),
    saying=_words("disse dice chiese chiede gridò rispose scrisse"),
    starters=_words(
        "il lo la i gli le un uno una questo questa questi queste quello quella ciò lui lei loro noi voi io egli ella "
        "esso essi in nel nella nei nelle di del della dei delle da dal dalla a al alla ai con per tra fra su sul "
        "sulla ma e ed o però quindi poi anche così se quando mentre dopo prima durante perché poiché non chi che "
        "cosa come dove secondo oggi ieri domani è era sono ha hanno si ci c'è tutti molti alcuni ora qui ogni nessuno"
    ),
)

_SPANISH = Words(
    titles=_words(
        "sr sra srta sres sras dr dra dres d dña da fr fray lic lcdo lcda ing arq prof profa gral cnel cap tte sgto "
        "excmo excma ilmo ilma mons sto sta ud uds vd vds pbro rvdo av avda c/ pdte pdta dip sen ee ff rr aa cc jj"
    ),
    never=_words("p.ej ej a vs cf cfr aprox p s q.e.p.d"),
    before_number=_words(
        "núm num nro n.º n° no pág págs pag p pp art arts vol cap fig tel tlf apdo ene feb abr jun jul ago sept oct "
        "nov dic ed tít inc"
    ),
    maybe=_words(
        "etc ee.uu eeuu uu hh rr.hh s.a s.l s.a.u cía cia ltda inc jr a.c d.c a.m p.m hnos depto dpto min seg admón "
        "cc.oo jj.oo ff.aa"
    ),
    before_lower=_words("máx mín incl excl tot esp"),
    saying=_words("dijo dice preguntó pregunta gritó respondió contestó exclamó añadió"),
    starters=_words(
        "el la los las lo un una unos unas este esta esto estos estas ese esa eso aquel aquella él ella ellos ellas "
        "yo nosotros usted ustedes su sus mi en de del al a con por para sin sobre entre desde hasta según durante "
        "tras ante contra pero y o ni aunque si cuando mientras después antes luego entonces también además así como "
        "porque que quien qué quién cuándo dónde cómo por no hay es era son fue fueron ha han hoy ayer mañana ahora "
        "aquí allí todos todas muchos algunos cada se le les nadie nada"
    ),
)

_TURKISH = Words(
    titles=_words(
        "dr prof doç yrd öğr gör arş av sn bkz org gen alb yb bnb yzb ütğm tğm hz mim müh ord op uzm ecz dt vet st "
        "mr mrs ms şb"
    ),
    never=_words("örn ör krş çev haz yay der ed vd bk"),
    before_number=_words("no nr s sf sh c cilt tel faks md fık şek tab böl"),
    maybe=_words(
        "vb vs yy ltd şti a.ş t.c m.ö m.s i.ö i.s mah cad sok blv apt inş san tic jr sr inc co dk sn sa mlyn mlyr"
    ),
    before_lower=_words("yak yakl maks ort top"),
    saying=_words("dedi diye sordu bağırdı"),
    starters=_words(
        "bu şu o ben sen biz siz onlar bunlar bunu buna bunun onun ona onu ama fakat ancak ve ya veya çünkü eğer ise "
        "de da bir her hiç bazı birçok tüm bütün daha en çok şimdi sonra önce bugün dün yarın burada orada nasıl neden "
        "niçin ne kim nerede hangi evet hayır değil var yok böyle öyle ayrıca üstelik oysa yani bence artık"
    ),
    ordinals=True,
)

GENERAL = Words()
"""The empty word lists, for a language without a table."""

WORDS: dict[str, Words] = {
    "ar": _ARABIC,
    "bg": _BULGARIAN,
    "en": _ENGLISH,
    "es": _SPANISH,
    "it": _ITALIAN,
    "nl": _DUTCH,
    "tr": _TURKISH,
}
"""Language (primary subtag of BCP 47) to its word lists."""
