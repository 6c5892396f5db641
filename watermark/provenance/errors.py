"""What can go wrong with a manifest."""

from watermark.errors import MarkError


class ProvenanceError(MarkError):
    """A manifest that could not be made, or a certificate that cannot be used; nothing leaves without its manifest."""
