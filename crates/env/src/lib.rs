//! Clock, randomness and id source: the system's, or one seed's
