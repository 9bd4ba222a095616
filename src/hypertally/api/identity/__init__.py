"""Who asks: tokens, sign-in, roles."""
