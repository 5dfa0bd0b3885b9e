//! The two fonts that are there, what they measure, and which of their letters a document draws.
use std::collections::HashMap;
use ttf_parser::Face;

/// Lengths are whole thousandths of a point, so that no rounding of a processor's reaches the page.
pub(crate) type Length = i64;
pub(crate) const POINT: Length = 1000;

/// How heavy letters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

/// A font, and the letters of it that were drawn.
pub(crate) struct Font {
    pub(crate) name: &'static str,
    pub(crate) data: &'static [u8],
    pub(crate) face: Face<'static>,
    pub(crate) letters: Vec<Letter>,
    codes: HashMap<char, u16>,
}

/// A letter that was drawn. Its place in [`Font::letters`], counted from one, is its code in the file: so each letter is read
/// back as what it was, even where two look alike or the font has none.
pub(crate) struct Letter {
    pub(crate) meant: char,
    /// Zero, an empty box, where the font has none.
    pub(crate) glyph: u16,
    /// Thousandths of the size.
    pub(crate) advance: i64,
}

const REGULAR: &[u8] = include_bytes!("fonts/LiberationSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("fonts/LiberationSans-Bold.ttf");

impl Font {
    pub(crate) fn new(weight: Weight) -> Self {
        let (name, data) = match weight {
            Weight::Regular => ("LiberationSans", REGULAR),
            Weight::Bold => ("LiberationSans-Bold", BOLD),
        };
        let face = Face::parse(data, 0).unwrap_or_else(|error| unreachable!("the font is ours: {error}"));
        Self { name, data, face, letters: Vec::new(), codes: HashMap::new() }
    }

    /// Thousandths of the size, from units of the font.
    pub(crate) fn thousandths(&self, units: i64) -> i64 {
        let em = i64::from(self.face.units_per_em());
        (units * 1000 + units.signum() * em / 2) / em
    }

    /// The code of the letter in the file.
    fn code(&mut self, letter: char) -> u16 {
        if let Some(code) = self.codes.get(&letter) {
            return *code;
        }
        // A document with more different letters than codes draws boxes for the rest.
        let Ok(code) = u16::try_from(self.letters.len() + 1) else { return 0 };
        let glyph = self.face.glyph_index(letter).unwrap_or_default();
        let advance = self.thousandths(self.face.glyph_hor_advance(glyph).unwrap_or_default().into());
        self.letters.push(Letter { meant: letter, glyph: glyph.0, advance });
        self.codes.insert(letter, code);
        code
    }

    /// The codes of a text, two bytes each.
    pub(crate) fn encode(&mut self, text: &str) -> Vec<u8> {
        text.chars().flat_map(|letter| self.code(letter).to_be_bytes()).collect()
    }

    /// How wide a text is in this size.
    pub(crate) fn width(&mut self, text: &str, size: Length) -> Length {
        let thousandths: i64 = text.chars().map(|letter| self.advance(letter)).sum();
        thousandths * size / 1000
    }

    fn advance(&mut self, letter: char) -> i64 {
        let code = usize::from(self.code(letter));
        self.letters.get(code.wrapping_sub(1)).map_or(0, |letter| letter.advance)
    }

    /// The text in lines of at most this width, broken at spaces, and within a word where that alone is wider.
    pub(crate) fn lines(&mut self, text: &str, size: Length, width: Length) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in text.lines() {
            let (mut line, mut used) = (String::new(), 0);
            for word in paragraph.split([' ', '\t']).filter(|word| !word.is_empty()) {
                let needed = self.width(word, size);
                let space = self.width(" ", size);
                if !line.is_empty() && used + space + needed <= width {
                    line.push(' ');
                    line.push_str(word);
                    used += space + needed;
                    continue;
                }
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                used = 0;
                for letter in word.chars().filter(|letter| !letter.is_control()) {
                    let advance = self.advance(letter) * size / 1000;
                    if used + advance > width && !line.is_empty() {
                        lines.push(std::mem::take(&mut line));
                        used = 0;
                    }
                    line.push(letter);
                    used += advance;
                }
            }
            lines.push(line);
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::{Font, POINT, Weight};

    #[test]
    fn text_is_broken_at_spaces_and_only_then_within_words() {
        let mut font = Font::new(Weight::Regular);
        // Digits are 0.556 of the size wide: five at 10 points take 27.8 points, a space 2.78.
        assert_eq!(font.width("12345", 10 * POINT), 27_800);
        assert_eq!(font.lines("12345 12345 12345", 10 * POINT, 59 * POINT), ["12345 12345", "12345"]);
        assert_eq!(font.lines("1234567", 10 * POINT, 28 * POINT), ["12345", "67"]);
        assert_eq!(font.lines("1\n\n2", 10 * POINT, 28 * POINT), ["1", "", "2"]);
        assert!(font.lines("", 10 * POINT, 28 * POINT).is_empty());
    }

    #[test]
    fn romanian_and_the_euro_are_there() {
        for weight in [Weight::Regular, Weight::Bold] {
            let mut font = Font::new(weight);
            font.encode("ăâîșțĂÂÎȘȚşţ€„”–");
            assert!(font.letters.iter().all(|letter| letter.glyph != 0));
        }
    }
}
