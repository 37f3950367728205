"""What a browser gets: `checkout.js`, and the pages on which the buyer acts."""
