"""The sections of ``report.html``: one module and one template each."""
