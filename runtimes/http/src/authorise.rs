//! Whether a caller knows the secret.

use std::hint::black_box;

/// Takes the same time wherever the two differ; only a length may be told from it.
pub fn is_secret(given: &[u8], secret: &[u8]) -> bool {
    let unlike = given.iter().zip(secret.iter().cycle()).fold(0, |seen, (a, b)| black_box(seen | (a ^ b)));
    (unlike == 0) & (given.len() == secret.len())
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn only_the_secret_itself_is_it() {
        assert!(is_secret(b"s3cret", b"s3cret"));
        for other in [&b""[..], b"s3cre", b"s3cret ", b"S3cret", b"s3cress", b"s3crets3cret", b"s"] {
            assert!(!is_secret(other, b"s3cret"));
        }
        assert!(!is_secret(b"ss", b"s"));
    }
}
