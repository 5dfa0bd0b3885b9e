//! The file: pages, their contents packed as soon as they are full, and the letters that were drawn (ISO 32000-1).
use crate::font::{Font, Length, POINT, Weight};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use std::io::Write;
use subsetter::GlyphRemapper;

const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const INFO: Ref = Ref::new(3);
/// The objects of the two fonts begin here, six each.
const FONTS: [i32; 2] = [4, 10];
const FIRST_FREE: i32 = 16;
const NAMES: [Name<'static>; 2] = [Name(b"F0"), Name(b"F1")];
const IDENTITY: SystemInfo<'static> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// What is drawn on a page or beside it.
pub(crate) struct Drawing(Content);

/// How dark something is.
#[derive(Clone, Copy)]
pub(crate) enum Ink {
    Black,
    Grey,
    Faint,
}

pub(crate) struct File {
    pdf: Pdf,
    free: i32,
    pub(crate) width: Length,
    pub(crate) height: Length,
    pub(crate) fonts: [Font; 2],
    /// The contents of the pages that are full.
    contents: Vec<Ref>,
}

impl File {
    pub(crate) fn new(width: Length, height: Length) -> Self {
        let fonts = [Font::new(Weight::Regular), Font::new(Weight::Bold)];
        Self { pdf: Pdf::new(), free: FIRST_FREE, width, height, fonts, contents: Vec::new() }
    }

    pub(crate) fn font(&mut self, weight: Weight) -> &mut Font {
        &mut self.fonts[weight as usize]
    }

    /// Text that begins at `x` and stands on the line `y` below the upper edge.
    pub(crate) fn text(
        &mut self,
        on: &mut Drawing,
        style: (Weight, Length, Ink),
        x: Length,
        y: Length,
        text: &str,
    ) {
        let (weight, size, ink) = style;
        if text.is_empty() {
            return;
        }
        let codes = self.font(weight).encode(text);
        let content = &mut on.0;
        content.set_fill_gray(ink.grey());
        content.begin_text().set_font(NAMES[weight as usize], points(size));
        content.next_line(points(x), points(self.height - y)).show(Str(&codes)).end_text();
    }

    /// A line from left to right.
    pub(crate) fn rule(&self, on: &mut Drawing, ink: Ink, from: Length, to: Length, y: Length) {
        on.0.set_stroke_gray(ink.grey()).set_line_width(points(POINT / 2));
        on.0.move_to(points(from), points(self.height - y))
            .line_to(points(to), points(self.height - y))
            .stroke();
    }

    /// Lays the page down; it is kept packed.
    pub(crate) fn page(&mut self, drawn: Drawing) {
        let content = self.contents_of(drawn);
        self.contents.push(content);
    }

    pub(crate) fn pages(&self) -> usize {
        self.contents.len()
    }

    fn contents_of(&mut self, drawn: Drawing) -> Ref {
        let id = self.next();
        let packed = packed(&drawn.0.finish());
        self.pdf.stream(id, &packed).filter(Filter::FlateDecode);
        id
    }

    fn next(&mut self) -> Ref {
        self.free += 1;
        Ref::new(self.free - 1)
    }

    /// The whole file. `around` draws what surrounds each page once it is known how many there are.
    pub(crate) fn finish(
        mut self,
        title: &str,
        language: &str,
        around: impl Fn(&mut Self, usize) -> Drawing,
    ) -> Vec<u8> {
        let contents = std::mem::take(&mut self.contents);
        let mut kids = Vec::with_capacity(contents.len());
        for (index, content) in contents.into_iter().enumerate() {
            let drawing = around(&mut self, index);
            let surrounds = self.contents_of(drawing);
            let id = self.next();
            let mut page = self.pdf.page(id);
            page.parent(PAGES).media_box(Rect::new(0.0, 0.0, points(self.width), points(self.height)));
            page.contents_array([content, surrounds]);
            let mut resources = page.resources();
            let mut fonts = resources.fonts();
            for (name, first) in NAMES.into_iter().zip(FONTS) {
                fonts.pair(name, Ref::new(first));
            }
            fonts.finish();
            resources.finish();
            page.finish();
            kids.push(id);
        }
        let count = i32::try_from(kids.len()).unwrap_or(i32::MAX);
        self.pdf.pages(PAGES).kids(kids).count(count);
        for (font, first) in self.fonts.iter().zip(FONTS) {
            embed(&mut self.pdf, font, first);
        }
        self.pdf.document_info(INFO).title(TextStr(title));
        let mut catalog = self.pdf.catalog(CATALOG);
        catalog.pages(PAGES).lang(TextStr(language));
        catalog.viewer_preferences().display_doc_title(true);
        catalog.finish();
        self.pdf.finish()
    }
}

impl Drawing {
    pub(crate) fn new() -> Self {
        Self(Content::new())
    }
}

impl Ink {
    #[expect(clippy::disallowed_types, reason = "the form in which PDF takes it")]
    fn grey(self) -> f32 {
        match self {
            Self::Black => 0.0,
            Self::Grey => 0.4,
            Self::Faint => 0.8,
        }
    }
}

/// The letters of the font that were drawn, as a composite font of its own (ISO 32000-1 §9.7).
fn embed(pdf: &mut Pdf, font: &Font, first: i32) {
    let [whole, descendant, descriptor, program, glyphs, letters] =
        [0, 1, 2, 3, 4, 5].map(|offset| Ref::new(first + offset));
    let mut kept = GlyphRemapper::new();
    // By their code: what the code 0 draws is the empty box.
    let by_code: Vec<u16> = font.letters.iter().map(|letter| kept.remap(letter.glyph)).collect();
    let subset = subsetter::subset(font.data, 0, &kept)
        .unwrap_or_else(|error| unreachable!("the font is ours: {error}"));
    // Six capitals before the name say that this is a part of it; the letters of a subset are no part of a document's content.
    let name = format!("PAPERS+{}", font.name);
    let name = Name(name.as_bytes());

    pdf.type0_font(whole)
        .base_font(name)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(descendant)
        .to_unicode(letters);

    let mut cid = pdf.cid_font(descendant);
    cid.subtype(CidFontType::Type2).base_font(name).system_info(IDENTITY).font_descriptor(descriptor);
    cid.default_width(0.0).cid_to_gid_map_stream(glyphs);
    cid.widths().consecutive(1, font.letters.iter().map(|letter| points(letter.advance * POINT)));
    cid.finish();

    let face = &font.face;
    let metric = |units: i16| points(font.thousandths(units.into()) * POINT);
    let bounds = face.global_bounding_box();
    let mut about = pdf.font_descriptor(descriptor);
    about.name(name).flags(FontFlags::NON_SYMBOLIC).italic_angle(0.0).stem_v(if face.is_bold() {
        140.0
    } else {
        80.0
    });
    about.bbox(Rect::new(
        metric(bounds.x_min),
        metric(bounds.y_min),
        metric(bounds.x_max),
        metric(bounds.y_max),
    ));
    about.ascent(metric(face.ascender())).descent(metric(face.descender()));
    about.cap_height(metric(face.capital_height().unwrap_or(face.ascender()))).font_file2(program);
    about.finish();

    let packed_subset = packed(&subset);
    let mut stream = pdf.stream(program, &packed_subset);
    stream
        .filter(Filter::FlateDecode)
        .pair(Name(b"Length1"), i32::try_from(subset.len()).unwrap_or(i32::MAX));
    stream.finish();

    let map: Vec<u8> = [0].into_iter().chain(by_code).flat_map(u16::to_be_bytes).collect();
    pdf.stream(glyphs, &packed(&map)).filter(Filter::FlateDecode);

    let mut meant = UnicodeCmap::new(Name(b"Letters"), IDENTITY);
    for (code, letter) in (1u16..).zip(&font.letters) {
        meant.pair(code, letter.meant);
    }
    pdf.stream(letters, &packed(&meant.finish())).filter(Filter::FlateDecode);
}

/// Memory takes what is written to it.
fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packing = ZlibEncoder::new(Vec::new(), Compression::fast());
    let _ = packing.write_all(bytes);
    packing.finish().unwrap_or_default()
}

#[expect(
    clippy::disallowed_types,
    clippy::cast_precision_loss,
    reason = "PDF measures in points with decimals; what is drawn was worked out in whole thousandths"
)]
fn points(length: Length) -> f32 {
    length as f32 / 1000.0
}
