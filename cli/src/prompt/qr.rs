//! QR codes of half blocks: two modules above each other in one character.

use qrcode::{
    EcLevel, QrCode,
    render::{Renderer, unicode::Dense1x2},
};

use crate::style::{INK, styled};

/// Light modules around the code. The standard requires four, but cameras need only two. With two, the code fits on
/// 24 rows with a link and a code.
const QUIET: u8 = 2;

/// A QR code (ISO/IEC 18004) with the light modules around it.
pub(super) struct Qr(QrCode);

impl Qr {
    /// Creates the code of a text; `None` if the text is too long for any code.
    pub(super) fn of(text: &str) -> Option<Self> {
        // No part of a screen is covered, so the least redundancy is enough, and makes the smallest code.
        QrCode::with_error_correction_level(text, EcLevel::L).ok().map(Self)
    }

    /// Returns the modules on each side.
    pub(super) fn columns(&self) -> usize {
        self.0.width() + 2 * usize::from(QUIET)
    }

    /// Draws the code, each row with a newline. Without colour, the light modules are drawn, because most terminals
    /// write light on dark; cameras also read the inverse.
    pub(super) fn draw(&self, colour: bool) -> String {
        let modules = self.0.to_colors();
        let mut renderer = Renderer::new(&modules, self.0.width(), QUIET.into());
        if !colour {
            renderer.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark);
        }
        renderer.build().lines().map(|line| styled(line, INK, colour) + "\n").collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://idp.example.com/device?user_code=WDJB-MJHT";

    /// Returns which modules are drawn, two rows a line.
    fn drawn(text: &str) -> Vec<Vec<bool>> {
        let halves = |line: &str| {
            let half = |marks: &'static str| line.chars().map(move |c| marks.contains(c)).collect();
            [half("█▀"), half("█▄")]
        };
        text.lines().flat_map(halves).collect()
    }

    fn is_the_code(modules: &[Vec<bool>], ink: bool) {
        let code = QrCode::with_error_correction_level(URL, EcLevel::L).unwrap();
        let side = code.width() + 4;
        assert_eq!((side, modules.len(), modules[0].len()), (33, 34, 33));
        for row in 0..side {
            for column in 0..side {
                let is_quiet = [row, column].iter().any(|at| !(2..side - 2).contains(at));
                let dark = !is_quiet && code[(column - 2, row - 2)] == qrcode::Color::Dark;
                assert_eq!(modules[row][column], dark == ink, "{row} {column}");
            }
        }
        assert!(modules[side].iter().all(|drawn| !drawn), "there is half a row too many");
    }

    #[test]
    fn each_module_is_in_its_place() {
        let plain = Qr::of(URL).unwrap().draw(false);
        is_the_code(&drawn(&plain), false);
        assert!(plain.chars().all(|c| "█▀▄ \n".contains(c)), "{plain}");
    }

    #[test]
    fn colour_makes_it_black_on_white() {
        let coloured = Qr::of(URL).unwrap().draw(true);
        let lines = coloured.lines().map(|line| {
            let line = line.strip_prefix("\u{1b}[38;5;16m\u{1b}[48;5;231m");
            line.and_then(|line| line.strip_suffix("\u{1b}[0m")).expect("black on white")
        });
        let lines: Vec<&str> = lines.collect();
        is_the_code(&drawn(&lines.join("\n")), true);
    }

    #[test]
    fn a_text_that_is_too_long_is_none() {
        assert!(Qr::of(&"x".repeat(3_000)).is_none());
        assert!(Qr::of(&"x".repeat(2_953)).is_some());
    }
}
