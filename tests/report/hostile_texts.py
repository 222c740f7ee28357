"""Claims that hold markup, scripts and template signs, and the places that the rest is about."""

from __future__ import annotations

HOSTILE = [
    "<script>document.title='x'</script><img src=x onerror=\"document.title='y'\"> cost 5 million in 2020.",
    "They wrote </script><script>document.title='z'</script> in 12 of 30 reports.",
    "{{ 7 * 7 }} &amp; <b>bold</b> <!-- of 2021 --> ]]> stayed as it was.",
]
PLACES = ["Oslo", "Lima", "Quito", "Riga", "Perth", "Turin", "Porto", "Osaka"]
