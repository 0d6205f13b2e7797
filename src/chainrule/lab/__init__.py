"""The lab: a local page on which a real network thinks, with the arrays of this library."""
