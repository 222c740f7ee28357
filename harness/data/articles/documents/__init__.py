"""Readers of documents: PDF, DOCX, ODT, RTF, e-mail, feeds, exports of WordPress, web archives."""
