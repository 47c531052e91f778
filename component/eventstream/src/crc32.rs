//! The checksum of frames: CRC-32 with the polynomial of ISO-HDLC, as in gzip and Ethernet.
//!
//! Its tables are computed for each decoder, in a few microseconds. In the binary they would be a good part of a
//! small component, and what makes them is a few lines.

#![expect(clippy::indexing_slicing, reason = "a table has an entry for each value of a byte")]

use alloc::boxed::Box;

/// How many bytes are taken at a time, each by a table of its own ("slicing by 8").
const SLICES: usize = 8;
/// The polynomial without its highest term, lowest bit first.
const POLYNOMIAL: u32 = 0xEDB8_8320;

/// What computes checksums.
pub(crate) struct Crc32 {
    /// The remainder of each byte with as many zero bytes behind it as the table's index.
    tables: Box<[[u32; 256]; SLICES]>,
}

impl Crc32 {
    pub(crate) fn new() -> Self {
        let mut tables = Box::new([[0; 256]; SLICES]);
        let [first, rest @ ..] = &mut *tables;
        for (byte, entry) in (0..).zip(first.iter_mut()) {
            *entry = (0..8).fold(byte, |rest: u32, _| rest >> 1 ^ if rest & 1 == 1 { POLYNOMIAL } else { 0 });
        }
        let mut previous = &*first;
        for table in rest {
            for (entry, shorter) in table.iter_mut().zip(previous) {
                *entry = shorter >> 8 ^ first[usize::from(shorter.to_le_bytes()[0])];
            }
            previous = table;
        }
        Self { tables }
    }

    pub(crate) fn hash(&self, bytes: &[u8]) -> u32 {
        let [t0, t1, t2, t3, t4, t5, t6, t7] = &*self.tables;
        let (chunks, rest) = bytes.as_chunks::<SLICES>();
        let mut crc = u32::MAX;
        for [b0, b1, b2, b3, b4, b5, b6, b7] in chunks {
            let [c0, c1, c2, c3] = (crc ^ u32::from_le_bytes([*b0, *b1, *b2, *b3])).to_le_bytes();
            crc = t7[usize::from(c0)]
                ^ t6[usize::from(c1)]
                ^ t5[usize::from(c2)]
                ^ t4[usize::from(c3)]
                ^ t3[usize::from(*b4)]
                ^ t2[usize::from(*b5)]
                ^ t1[usize::from(*b6)]
                ^ t0[usize::from(*b7)];
        }
        for byte in rest {
            crc = crc >> 8 ^ t0[usize::from(crc.to_le_bytes()[0] ^ byte)];
        }
        !crc
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::Crc32;

    /// The check value of the catalogue of CRCs, and lengths around the width of a step, by another implementation.
    #[test]
    fn is_the_crc_of_gzip() {
        let crc = Crc32::new();
        assert_eq!(crc.hash(b"123456789"), 0xCBF4_3926);
        let bytes: Vec<u8> = (0..=255).cycle().step_by(7).take(300).collect();
        for length in 0..bytes.len() {
            let (bytes, _) = bytes.split_at(length);
            assert_eq!(crc.hash(bytes), crc32fast::hash(bytes), "{length}");
        }
    }
}
