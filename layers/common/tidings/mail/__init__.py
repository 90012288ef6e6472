"""Mails: compiled when building (compile, mjml, plaintext, names, samples), rendered when sending (render, letters)."""
