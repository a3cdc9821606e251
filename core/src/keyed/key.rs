//! A key and its purpose-bound subkeys.

use super::Stream;
use crate::error::{Error, Result};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// What the secret of the public key is the SHA-256 of: everybody can compute it.
const PUBLIC: &[u8] = b"countermark/1/public";

/// 32 secret bytes, or those of the public key.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    secret: [u8; 32],
    public: bool,
}

impl Key {
    /// The key that everybody knows.
    pub fn public() -> Self {
        Self { secret: Sha256::digest(PUBLIC).into(), public: true }
    }

    /// Reads `public` or 64 hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self> {
        if text == "public" {
            return Ok(Self::public());
        }
        let wrong = || Error::parameter("a key is \"public\" or 64 hexadecimal digits");
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut secret = [0; 32];
        for (at, byte) in secret.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Self { secret, public: false })
    }

    /// Whether this is the key that everybody knows.
    pub fn is_public(&self) -> bool {
        self.public
    }

    /// `public`, or 8 hexadecimal digits that name the key without giving it away.
    pub fn id(&self) -> String {
        if self.public {
            return "public".to_owned();
        }
        self.subkey("id").iter().take(4).map(|byte| format!("{byte:02x}")).collect()
    }

    /// HMAC-SHA-256 (RFC 2104) of the key over `countermark/1/` and the purpose.
    pub fn subkey(&self, purpose: &str) -> [u8; 32] {
        // HMAC takes keys of every length; the block-sized one below is what `new` makes of ours.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&self.secret);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(b"countermark/1/");
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// The stream of random numbers of one purpose.
    pub fn stream(&self, purpose: &str) -> Stream {
        Stream::new(self.subkey(purpose))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    #[test]
    fn subkeys_are_hmac_sha256() {
        // python3 -c "import hmac; print(hmac.new(bytes(range(32)), b'countermark/1/id', 'sha256').hexdigest())"
        let key = Key::parse(TEXT).unwrap();
        let text: String = key.subkey("id").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(text, "b8187462e0a6023c55bedb6fbeba6f15af3b37a71e3eb723b5a1b33b66c0f85f");
        assert_eq!(key.id(), text[..8]);
        assert_ne!(key.subkey("a"), key.subkey("b"));
    }

    #[test]
    fn only_public_and_64_digits_are_keys() {
        assert_eq!(Key::parse("public").unwrap().id(), "public");
        assert!(Key::parse(&TEXT.to_uppercase()).unwrap() == Key::parse(TEXT).unwrap());
        for text in ["", "Public", &TEXT[1..], &format!("{}g", &TEXT[1..]), &format!("{}é", &TEXT[2..])] {
            assert!(Key::parse(text).is_err(), "{text}");
        }
    }
}
