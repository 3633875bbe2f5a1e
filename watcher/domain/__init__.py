"""The pure rooms: frozen values and decisions, standard library only, no I/O, no clock."""
