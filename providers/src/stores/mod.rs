//! Token stores beyond those of the framework itself.

mod keyring;
