//! Bodies that come packed (RFC 9110 §8.4). They are unpacked up to a limit and not a byte further: a hundred bytes of br
//! can hold gigabytes, and the framework's own decoder unpacks whatever one chunk holds before it hands anything on.
use std::io::{self, Read};

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    None,
    Gzip,
    Deflate,
    Br,
    Zstd,
}

/// What a zstd frame may ask to remember, as a power of two: 8 MiB, which every decoder supports (RFC 8878 §3.1.1.1.2).
const LARGEST_WINDOW: u32 = 23;

impl Packing {
    /// The packing that `Content-Encoding` names, if it is one of ours.
    pub(crate) fn named(encoding: Option<&str>) -> Option<Self> {
        match encoding {
            None | Some("identity") => Some(Self::None),
            Some("gzip") => Some(Self::Gzip),
            Some("deflate") => Some(Self::Deflate),
            Some("br") => Some(Self::Br),
            Some("zstd") => Some(Self::Zstd),
            Some(_) => None,
        }
    }

    /// What unpacks as it is read.
    pub(crate) fn reader<'a>(self, packed: impl io::BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
        Ok(match self {
            Self::None => Box::new(packed),
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(packed)),
            Self::Deflate => Box::new(flate2::bufread::ZlibDecoder::new(packed)),
            Self::Br => Box::new(brotli::Decompressor::new(packed, 4096)),
            Self::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(packed)?;
                decoder.window_log_max(LARGEST_WINDOW)?;
                Box::new(decoder)
            }
        })
    }

    /// At most `longest + 1` bytes of what is packed, so that the caller sees where it is more.
    pub(crate) fn unpack(self, packed: &[u8], longest: usize) -> io::Result<Vec<u8>> {
        let limit = u64::try_from(longest).unwrap_or(u64::MAX).saturating_add(1);
        let mut body = Vec::new();
        match self {
            Self::None => body.extend_from_slice(packed),
            Self::Gzip => _ = flate2::read::MultiGzDecoder::new(packed).take(limit).read_to_end(&mut body)?,
            Self::Deflate => _ = flate2::read::ZlibDecoder::new(packed).take(limit).read_to_end(&mut body)?,
            Self::Br => _ = brotli::Decompressor::new(packed, 4096).take(limit).read_to_end(&mut body)?,
            Self::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(packed)?;
                decoder.window_log_max(LARGEST_WINDOW)?;
                decoder.take(limit).read_to_end(&mut body)?;
            }
        }
        Ok(body)
    }
}
