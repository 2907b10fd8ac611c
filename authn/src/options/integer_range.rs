//! `IntegerRange`: the values that an integer type can hold, for the error of a value outside the range.

use std::{fmt, ops::RangeInclusive};

/// The smallest and the largest value of an integer type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct IntegerRange {
    least: i128,
    most: i128,
}

impl IntegerRange {
    /// Returns the range of a type by its name in the expectation of serde, such as `u8` or `a nonzero u8`.
    pub(super) fn expected(expectation: &str) -> Option<Self> {
        let (name, least_unsigned) = match expectation.strip_prefix("a nonzero ") {
            Some(name) => (name, 1),
            None => (expectation, 0),
        };
        let signed = |least: i64, most: i64| Some(Self { least: least.into(), most: most.into() });
        let unsigned = |most: u64| Some(Self { least: least_unsigned, most: most.into() });
        match name {
            "i8" => signed(i8::MIN.into(), i8::MAX.into()),
            "i16" => signed(i16::MIN.into(), i16::MAX.into()),
            "i32" => signed(i32::MIN.into(), i32::MAX.into()),
            "i64" => signed(i64::MIN, i64::MAX),
            "isize" => signed(isize::MIN as i64, isize::MAX as i64),
            "u8" => unsigned(u8::MAX.into()),
            "u16" => unsigned(u16::MAX.into()),
            "u32" => unsigned(u32::MAX.into()),
            "u64" => unsigned(u64::MAX),
            "usize" => unsigned(usize::MAX as u64),
            _ => None,
        }
    }

    pub(super) fn values(self) -> RangeInclusive<i128> {
        self.least..=self.most
    }
}

impl fmt::Display for IntegerRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "from {} to {}", self.least, self.most)
    }
}
