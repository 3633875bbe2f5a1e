"""The config room: one TOML file becomes frozen values, or every error in it at once."""
