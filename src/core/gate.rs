//! The gates: possible problems of a photo.

closed_set! {
    /// What is wrong with a photo, or should be known about it.
    #[non_exhaustive]
    Gate {
        /// The readings do not agree on a body: perhaps nobody is there.
        NotAPerson = "not_a_person",
        /// The person does not stand upright in the picture.
        NotUpright = "not_upright",
        /// The person is too small to be measured.
        TooSmall = "too_small",
        /// The picture is stretched or squeezed.
        Stretched = "stretched",
        /// The photo shows a print or screen that was taken at an angle.
        SkewPrint = "skew_print",
        /// It is open which side is left.
        SidesOpen = "sides_open",
        /// The body is turned.
        Turned = "turned",
        /// The person does not stand on both legs.
        NotStanding = "not_standing",
        /// A part of the body is not seen.
        CutOff = "cut_off",
        /// The body is small in the picture.
        Small = "small",
        /// The camera stands close to the body.
        Close = "close",
        /// An arm does not hang.
        Arms = "arms",
        /// The feet do not stand on one line.
        Feet = "feet",
        /// The person is dark.
        Dark = "dark",
        /// The person is blurred.
        Blurred = "blurred",
        /// The view was detected, and lies near the border between two.
        ViewDoubtful = "view_doubtful",
        /// The view was set, and the joints look like another.
        ViewContradicted = "view_contradicted",
        /// There are several people in the picture.
        SeveralPeople = "several_people",
        /// The picture may be a mirror image.
        PerhapsMirrored = "perhaps_mirrored",
        /// Gravity and the background's edges contradict each other.
        GravityContradicted = "gravity_contradicted",
        /// The picture has not the size of what the camera took.
        Edited = "edited",
        /// The front camera took the picture.
        FrontCamera = "front_camera",
        /// A second model of another kind contradicts a value.
        ModelsDisagree = "models_disagree",
        /// Little is known of the camera's roll.
        NotLevelled = "not_levelled",
    }
}

impl Gate {
    /// Gates that a better photo would clear; the others concern the file, the view or the camera.
    pub const RETAKE: [Self; 12] = [
        Self::NotUpright,
        Self::TooSmall,
        Self::SidesOpen,
        Self::Turned,
        Self::NotStanding,
        Self::CutOff,
        Self::Small,
        Self::Close,
        Self::Arms,
        Self::Feet,
        Self::Dark,
        Self::Blurred,
    ];

    /// Whether a flag's code asks for another photo.
    #[must_use]
    pub fn asks_for_another(code: &str) -> bool {
        Self::RETAKE.iter().any(|gate| gate.name() == code)
    }
}
