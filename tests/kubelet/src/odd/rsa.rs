//! RSA with numbers: keys of a size that the library of these tests does not make, and signatures with them.
//!
//! The numbers are of keys made for these tests, which protect nothing.

use num_bigint::BigUint;
use ring::digest::{Algorithm, SHA256, digest};

use super::der::{element, integer, null, octets, oid, sequence};

/// A key.
#[derive(Debug, Clone)]
pub(super) struct Rsa {
    modulus: BigUint,
    private: BigUint,
}

impl Rsa {
    /// Of 1,024 bits.
    pub(super) fn small() -> Self {
        Self::new(SMALL)
    }

    /// Of 2,048 bits.
    pub(super) fn usual() -> Self {
        Self::new(USUAL)
    }

    fn new([modulus, private]: [&str; 2]) -> Self {
        let number = |hex: &str| BigUint::parse_bytes(hex.as_bytes(), 16).expect("hexadecimal");
        Self {
            modulus: number(modulus),
            private: number(private),
        }
    }

    /// Its `RSAPublicKey`.
    pub(super) fn public(&self) -> Vec<u8> {
        sequence(&[&integer(&self.modulus.to_bytes_be()), &integer(&[1, 0, 1])])
    }

    fn length(&self) -> usize {
        self.modulus
            .bits()
            .div_ceil(8)
            .try_into()
            .expect("a small number")
    }

    fn raise(&self, padded: &[u8]) -> Vec<u8> {
        let signed = BigUint::from_bytes_be(padded).modpow(&self.private, &self.modulus);
        let bytes = signed.to_bytes_be();
        [vec![0; self.length() - bytes.len()], bytes].concat()
    }

    /// PKCS#1 1.5, by the hash whose identifier this is.
    pub(super) fn sign(&self, hash: &'static Algorithm, identifier: &str, message: &[u8]) -> Vec<u8> {
        let digest = digest(hash, message);
        let info = sequence(&[&sequence(&[&oid(identifier), &null()]), &octets(digest.as_ref())]);
        let padding = vec![0xff; self.length() - info.len() - 3];
        self.raise(&[&[0, 1], padding.as_slice(), &[0], &info].concat())
    }

    /// PSS by SHA-256, with a salt as long as that and not random: nothing is protected here.
    pub(super) fn sign_pss(&self, message: &[u8]) -> Vec<u8> {
        const LENGTH: usize = 32;
        let hash = |parts: &[&[u8]]| digest(&SHA256, &parts.concat()).as_ref().to_vec();
        let salt = [7; LENGTH];
        let hashed = hash(&[&[0; 8], &hash(&[message]), &salt]);
        let room = self.length() - LENGTH - 1;
        let mut block = vec![0; room - LENGTH - 1];
        block.push(1);
        block.extend_from_slice(&salt);
        let mask = (0_u32..).flat_map(|count| hash(&[&hashed, &count.to_be_bytes()]));
        block.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
        // The number has to be less than the modulus, whose highest bit is set.
        block[0] &= 0x7f;
        self.raise(&[&block, hashed.as_slice(), &[0xbc]].concat())
    }
}

/// The parameters of PSS by SHA-256 with a salt of this length.
pub(super) fn pss_parameters(salt: u8) -> Vec<u8> {
    let sha256 = sequence(&[&oid("2.16.840.1.101.3.4.2.1"), &null()]);
    let mask = sequence(&[&oid("1.2.840.113549.1.1.8"), &sha256]);
    sequence(&[
        &element(0xa0, &[&sha256]),
        &element(0xa1, &[&mask]),
        &element(0xa2, &[&integer(&[salt])]),
    ])
}

const SMALL: [&str; 2] = [
    "c24a76a30831887516a4ab5ccac9d6b0ac4c103751a8ee8cb0dcdb924d658e107dd6aa273798b67f569655b0439c6a9b\
     db9b532866af46ac6c7aa52a41a31168713e044d80c97059c68d049877ecd6c96f6186425ef2974e3f16516eb5051992\
     39615199244ab7673b601eb3be6dcd22fd1853539c2fd432cee3a9937406ca83",
    "1ec50232e19a4e9d147ff1af99620bc121184ebd240e97f0ea15a02474636ff346aa9779ec811feddcbda4466cfeb997\
     8358fefb77ffac36a45b6c0adc28421a3c7e97f107ea079e3128d0068b992a1bfff1f7edc13f4feff04dde50a6569db5\
     9038e3a45e8d4bb30acc83b567d25588111e397dc7370db4f3c725b56a446c51",
];

const USUAL: [&str; 2] = [
    "993d8933d614579b242ba1092b673704bf02f3c51959038caee579ef4353bba3af9771697318e1d5f6e4eabbe9d62da8\
     48e2c4319a12aa01d2dde825c26b5324a27631166ba169a5a0700496f4c81c21f5fbfc221e6a1fe48210e3aaecf80a89\
     042f80e447e5ebedeebb26ec40e121f20e800b1cb019762b24e1e96d34aef4b8f8364181bdf87c19e2ad628ffce94c6b\
     44766bc0335dfd7392b902b0b8519130e67f42d87addddfb2a32fe037e9633dbf13b93a8c048793d79a9db5f343e61c3\
     ca2ca03494bdc76c0cdab8595c8810a9bcfecf5496c7f8a126452376350e717538e93eeee1572a21b2433dd44b121906\
     49800d14164eaa00cb963526c4d81fcf",
    "15847d0810d7016830ff8958c2c5f7054d170a88d222dc2b3c81cf89e7cfd1a8cde6bb8f9d905061dd8dce623d970c09\
     35d6d5cacb4234aa15e4800d114c45bbfeae0efd81768461b3f216cae5ab55bbf5110199fee0530320ba6365a469bdfc\
     f85ffd3ed0d3b9b9cacc6fce3bdc010abebb7f13f3ac5799fe4f549a378c1ba3c7af3de10fd391d5f24c94c6ec7133e7\
     f02661764bcde0970707a3a62ffdd2c5d0f6cc20bfe51f0808486f4723ce4aaffb3b5dff2c580abe01350f790570085e\
     c8d218405352e26f858ad064a1658c1f609f9c7d6bb0f926899311936d1687cddc3af8dd7951b8367119d203420fce5c\
     8dc0729777e5198a8c88787c3705c00d",
];
