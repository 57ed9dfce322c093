//! The closed sets of a record, each with the words that it has in JSON.

use crate::core::measure::{ByHand, Unit};

closed_set! {
    /// The source of the view.
    ViewFrom {
        /// Detected automatically.
        Auto = "auto",
        /// Set by the user.
        User = "user",
    }

    /// The source of the scale.
    ScaleFrom {
        /// The subject's stature.
        Height = "height",
        /// The photo's file.
        File = "file",
    }

    /// The symbol of a unit.
    Symbol {
        /// Degrees.
        Degrees = "deg",
        /// A percentage of the length in `of`.
        Percent = "%",
    }

    /// The direction of a value.
    Towards {
        /// To the subject's left.
        Left = "left",
        /// To the subject's right.
        Right = "right",
        /// Forward, in side views.
        Forward = "forward",
        /// Back, in side views.
        Back = "back",
    }

    /// A level of the spinal line.
    SpineLevel {
        /// The midpoint of the ears.
        Ears = "ears",
        /// The midpoint of the shoulders.
        Shoulders = "shoulders",
        /// The midpoint of the hips.
        Hips = "hips",
        /// The midpoint of the knees.
        Knees = "knees",
        /// The midpoint of the ankles.
        Ankles = "ankles",
    }

    /// Who placed a point.
    PlacedBy {
        /// Placed by hand.
        Hand = "hand",
    }

    /// Which points of a measure were placed by hand.
    PointsBy {
        /// All of them.
        Hand = "hand",
        /// Some of them; the model placed the others.
        HandAndModel = "hand and model",
    }
}

impl From<Unit> for Symbol {
    fn from(unit: Unit) -> Self {
        if unit == Unit::Degrees { Self::Degrees } else { Self::Percent }
    }
}

impl PointsBy {
    /// `None` if all points are the model's.
    #[must_use]
    pub const fn of(by_hand: ByHand) -> Option<Self> {
        match by_hand {
            ByHand::No => None,
            ByHand::Partly => Some(Self::HandAndModel),
            ByHand::Wholly => Some(Self::Hand),
        }
    }
}
