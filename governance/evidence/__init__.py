"""Evidence bundles: everything that an examination stands on, in one file that anybody can check offline."""
