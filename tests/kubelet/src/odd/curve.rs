//! ECDSA with numbers: curves and hashes that the library of these tests does not put together. Slow, and good enough
//! for what protects nothing.

use num_bigint::BigUint;
use ring::digest::{Algorithm, SHA256, SHA384, SHA512, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use rustls::SignatureScheme;

use super::der::{integer, sequence};

/// `y² = x³ - 3x + b` over the numbers below `p`, and a point on it.
#[derive(Debug)]
pub(super) struct Curve {
    /// Its identifier.
    pub(super) oid: &'static str,
    /// How a handshake is signed with its keys.
    pub(super) scheme: SignatureScheme,
    /// The hash of that.
    pub(super) hash: &'static Algorithm,
    prime: &'static str,
    order: &'static str,
    base: [&'static str; 2],
}

pub(super) static P256: Curve = Curve {
    oid: "1.2.840.10045.3.1.7",
    scheme: SignatureScheme::ECDSA_NISTP256_SHA256,
    hash: &SHA256,
    prime: "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
    order: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    base: [
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    ],
};

pub(super) static P384: Curve = Curve {
    oid: "1.3.132.0.34",
    scheme: SignatureScheme::ECDSA_NISTP384_SHA384,
    hash: &SHA384,
    prime: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
    order: "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    base: [
        "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
        "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
    ],
};

pub(super) static P521: Curve = Curve {
    oid: "1.3.132.0.35",
    scheme: SignatureScheme::ECDSA_NISTP521_SHA512,
    hash: &SHA512,
    prime: "1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
            ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    order: "1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
            a51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
    base: [
        "c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3db\
         aa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
        "11839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e66\
         2c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
    ],
};

/// A point, by both coordinates; `None` is the one that changes nothing.
type Point = Option<(BigUint, BigUint)>;

fn number(hex: &str) -> BigUint {
    BigUint::parse_bytes(hex.as_bytes(), 16).expect("hexadecimal")
}

impl Curve {
    fn add(&self, one: &Point, other: &Point) -> Point {
        let prime = number(self.prime);
        let minus = |left: &BigUint, right: &BigUint| (left + &prime - right % &prime) % &prime;
        let (Some((x1, y1)), Some((x2, y2))) = (one, other) else {
            return one.clone().or_else(|| other.clone());
        };
        let (above, below) = if x1 == x2 {
            if y1 != y2 {
                return None;
            }
            (minus(&(x1 * x1 * 3_u8), &BigUint::from(3_u8)), y1 * 2_u8)
        } else {
            (minus(y2, y1), minus(x2, x1))
        };
        let slope = above * below.modinv(&prime)? % &prime;
        let x = minus(&(&slope * &slope), &(x1 + x2));
        let y = minus(&(slope * minus(x1, &x)), y1);
        Some((x, y))
    }

    /// The base point so many times.
    fn times(&self, count: &BigUint) -> (BigUint, BigUint) {
        let base = Some((number(self.base[0]), number(self.base[1])));
        let bits = (0..count.bits()).rev();
        let sum = bits.fold(None, |sum, bit| {
            let doubled = self.add(&sum, &sum);
            if count.bit(bit) {
                self.add(&doubled, &base)
            } else {
                doubled
            }
        });
        sum.expect("fewer times than the order")
    }

    fn random(&self) -> BigUint {
        let mut bytes = [0; 72];
        SystemRandom::new().fill(&mut bytes).expect("random bytes");
        BigUint::from_bytes_be(&bytes) % (number(self.order) - 1_u8) + 1_u8
    }
}

/// A key.
#[derive(Debug, Clone)]
pub(super) struct Ec {
    /// Where it is a point.
    pub(super) curve: &'static Curve,
    private: BigUint,
}

impl Ec {
    pub(super) fn new(curve: &'static Curve) -> Self {
        Self {
            curve,
            private: curve.random(),
        }
    }

    /// Its point, not compressed.
    pub(super) fn public(&self) -> Vec<u8> {
        let (x, y) = self.curve.times(&self.private);
        let length = usize::try_from(number(self.curve.prime).bits().div_ceil(8)).expect("a small number");
        let coordinate = |number: BigUint| {
            let bytes = number.to_bytes_be();
            [vec![0; length - bytes.len()], bytes].concat()
        };
        [vec![4], coordinate(x), coordinate(y)].concat()
    }

    pub(super) fn sign(&self, hash: &'static Algorithm, message: &[u8]) -> Vec<u8> {
        let order = number(self.curve.order);
        let digest = digest(hash, message);
        let mut hashed = BigUint::from_bytes_be(digest.as_ref());
        let bits = digest.as_ref().len() as u64 * 8;
        hashed >>= bits.saturating_sub(order.bits());
        let once = self.curve.random();
        let r = self.curve.times(&once).0 % &order;
        let inverse = once.modinv(&order).expect("the order is a prime");
        let s = (hashed + &r * &self.private) * inverse % &order;
        sequence(&[&integer(&r.to_bytes_be()), &integer(&s.to_bytes_be())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_times_the_order_is_where_it_began() {
        for curve in [&P256, &P384, &P521] {
            let (x, y) = curve.times(&(number(curve.order) - 1_u8));
            assert_eq!(x, number(curve.base[0]));
            assert_eq!(y, number(curve.prime) - number(curve.base[1]));
        }
    }
}
