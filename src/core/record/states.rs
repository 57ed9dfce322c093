//! The closed sets of a record, each with the words that it has in JSON.

use crate::core::measure::{ByHand, Unit};

closed_set! {
    /// Who named the view.
    ViewFrom {
        /// It was detected.
        Auto = "auto",
        /// The user.
        User = "user",
    }

    /// What the scale comes from.
    ScaleFrom {
        /// The subject's stature.
        Height = "height",
    }

    /// The symbol of a unit.
    Symbol {
        /// Degrees.
        Degrees = "deg",
        /// A percentage; what it is a share of stands beside it.
        Percent = "%",
    }

    /// Where a value points to.
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
        /// The middle of the ears.
        Ears = "ears",
        /// The middle of the shoulders.
        Shoulders = "shoulders",
        /// The middle of the hips.
        Hips = "hips",
        /// The middle of the knees.
        Knees = "knees",
        /// The middle of the ankles.
        Ankles = "ankles",
    }

    /// Who placed a point.
    PlacedBy {
        /// It was placed by hand.
        Hand = "hand",
    }

    /// Whose points a value leans on, where they are not the model's alone.
    PointsBy {
        /// All were placed by hand.
        Hand = "hand",
        /// Some were placed by hand.
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
