//! The gates: what can be wrong with a photo.

/// What is wrong with a photo, or should be known about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Gate {
    /// The person does not stand upright in the picture.
    NotUpright,
    /// The person is too small to be measured.
    TooSmall,
    /// It is open which side is left.
    SidesOpen,
    /// The body is turned.
    Turned,
    /// The person does not stand on both legs.
    NotStanding,
    /// A part of the body is not seen.
    CutOff,
    /// The body is small in the picture.
    Small,
    /// The camera stands close to the body.
    Close,
    /// An arm does not hang.
    Arms,
    /// The feet do not stand on one line.
    Feet,
    /// The person is dark.
    Dark,
    /// The person is blurred.
    Blurred,
    /// The view was detected, and lies near the border between two.
    ViewDoubtful,
    /// The view was set, and the joints look like another.
    ViewContradicted,
    /// There are several people in the picture.
    SeveralPeople,
    /// The picture may be a mirror image.
    PerhapsMirrored,
    /// Gravity and the background's edges contradict each other.
    GravityContradicted,
    /// The picture has not the size of what the camera took.
    Edited,
    /// The front camera took the picture.
    FrontCamera,
    /// Little is known of the camera's roll.
    NotLevelled,
}

impl Gate {
    /// Its code in records, such as `turned`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotUpright => "not_upright",
            Self::TooSmall => "too_small",
            Self::SidesOpen => "sides_open",
            Self::Turned => "turned",
            Self::NotStanding => "not_standing",
            Self::CutOff => "cut_off",
            Self::Small => "small",
            Self::Close => "close",
            Self::Arms => "arms",
            Self::Feet => "feet",
            Self::Dark => "dark",
            Self::Blurred => "blurred",
            Self::ViewDoubtful => "view_doubtful",
            Self::ViewContradicted => "view_contradicted",
            Self::SeveralPeople => "several_people",
            Self::PerhapsMirrored => "perhaps_mirrored",
            Self::GravityContradicted => "gravity_contradicted",
            Self::Edited => "edited",
            Self::FrontCamera => "front_camera",
            Self::NotLevelled => "not_levelled",
        }
    }
}
