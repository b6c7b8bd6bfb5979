//! Knobs of a database: which filter, which SIMD level.

use std::fmt;
use std::str::FromStr;

use crate::channel::UnknownName;

/// How a database finds its anchors. No knob changes a finding, only the speed; but for the one that leaves out the views,
/// which is for measuring alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Config {
    pub(crate) filter: FilterKind,
    pub(crate) simd: SimdLevel,
    /// Only the text as it is is read.
    pub(crate) raw: bool,
}

impl Config {
    /// The native filter at the best SIMD level that the CPU has.
    pub fn new() -> Config {
        Config::default()
    }

    /// Chooses the filter.
    #[must_use]
    pub fn filter(mut self, filter: FilterKind) -> Config {
        self.filter = filter;
        self
    }

    /// Chooses the SIMD level of the native filter; one that the CPU lacks falls back to the best below it.
    #[must_use]
    pub fn simd(mut self, level: SimdLevel) -> Config {
        self.simd = level;
        self
    }

    /// For measuring what views cost: reads the text as it is, and no disguise is undone. Such a database misses what an
    /// engine is there to find, so no program but a benchmark may use it.
    #[doc(hidden)]
    #[must_use]
    pub fn raw_text_only(mut self) -> Config {
        self.raw = true;
        self
    }
}

/// The filters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FilterKind {
    /// Sampled q-grams and SIMD comparisons, made for this engine.
    #[default]
    Native,
    /// The `aho-corasick` crate over the anchors' literals: the portable baseline.
    AhoCorasick,
    /// The Hyperscan library, or Vectorscan in its place. Only with the feature `hyperscan`.
    #[cfg(feature = "hyperscan")]
    Hyperscan,
}

/// The name of the filter that only some builds have.
const HYPERSCAN: &str = "hyperscan";

impl FilterKind {
    /// All filters of this build.
    #[cfg(not(feature = "hyperscan"))]
    pub const ALL: [FilterKind; 2] = [FilterKind::Native, FilterKind::AhoCorasick];

    /// All filters of this build.
    #[cfg(feature = "hyperscan")]
    pub const ALL: [FilterKind; 3] = [FilterKind::Native, FilterKind::AhoCorasick, FilterKind::Hyperscan];

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            FilterKind::Native => "native",
            FilterKind::AhoCorasick => "aho-corasick",
            #[cfg(feature = "hyperscan")]
            FilterKind::Hyperscan => HYPERSCAN,
        }
    }
}

impl fmt::Display for FilterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for FilterKind {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<FilterKind, UnknownName> {
        FilterKind::ALL.into_iter().find(|k| k.name() == name).ok_or_else(|| {
            let known = FilterKind::ALL.map(FilterKind::name);
            if name == HYPERSCAN {
                return UnknownName::not_built("filter", HYPERSCAN, known);
            }
            UnknownName::new("filter", name, known)
        })
    }
}

/// The instructions that the native filter may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SimdLevel {
    /// None beyond the target's baseline.
    Portable,
    /// x86-64 with SSSE3: 16 bytes at a time.
    Ssse3,
    /// x86-64 with AVX2: 32 bytes at a time.
    Avx2,
    /// x86-64 with AVX-512F, BW, DQ and VL: 64 bytes at a time.
    Avx512,
    /// The best that the CPU has, found out when the database is built.
    #[default]
    Auto,
}

impl SimdLevel {
    /// All levels, `auto` last.
    pub const ALL: [SimdLevel; 5] =
        [SimdLevel::Portable, SimdLevel::Ssse3, SimdLevel::Avx2, SimdLevel::Avx512, SimdLevel::Auto];

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            SimdLevel::Portable => "portable",
            SimdLevel::Ssse3 => "ssse3",
            SimdLevel::Avx2 => "avx2",
            SimdLevel::Avx512 => "avx512",
            SimdLevel::Auto => "auto",
        }
    }

    /// Whether this CPU has it.
    pub fn is_available(self) -> bool {
        match self {
            SimdLevel::Portable | SimdLevel::Auto => true,
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Ssse3 => is_x86_feature_detected!("ssse3"),
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx2 => {
                // Every CPU with AVX2 has the others, too; a hypervisor may still hide one.
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("bmi1")
                    && is_x86_feature_detected!("bmi2")
                    && is_x86_feature_detected!("lzcnt")
            }
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx512 => {
                SimdLevel::Avx2.is_available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// The level that is really used on this CPU: never `auto`.
    pub(crate) fn resolve(self) -> SimdLevel {
        SimdLevel::ALL
            .into_iter()
            .rfind(|l| *l != SimdLevel::Auto && *l <= self && l.is_available())
            .unwrap_or(SimdLevel::Portable)
    }
}

impl fmt::Display for SimdLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SimdLevel {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<SimdLevel, UnknownName> {
        SimdLevel::ALL
            .into_iter()
            .find(|l| l.name() == name)
            .ok_or_else(|| UnknownName::new("SIMD level", name, SimdLevel::ALL.map(SimdLevel::name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_is_known_by_its_name() {
        for kind in FilterKind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
        }
        let unknown = "nativ".parse::<FilterKind>().unwrap_err().to_string();
        assert!(unknown.starts_with("unknown filter `nativ`: use one of native, aho-corasick"), "{unknown}");
    }

    #[cfg(not(feature = "hyperscan"))]
    #[test]
    fn a_filter_that_is_not_built_in_is_no_typing_error() {
        let message = "hyperscan".parse::<FilterKind>().unwrap_err().to_string();
        assert_eq!(
            message,
            "this build has no filter `hyperscan`: build it with the feature of that name, or use one of native, \
             aho-corasick"
        );
    }
}
