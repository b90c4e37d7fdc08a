//! The days around an injury or a surgery in which a medicine needs nobody's OK.
