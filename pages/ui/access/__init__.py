"""Sign-in: what stands in front of every page and route where `GAN_SIGN_IN` is set."""
