//! The joints of the body, their sides and their mirror partners. Left and right are always the **subject's own**.

/// A side of the subject's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The subject's own left.
    Left,
    /// The subject's own right.
    Right,
}

impl Side {
    /// `left` or `right`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Side::Left => "left",
            Side::Right => "right",
        }
    }

    /// The other side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Side::Left => Side::Right,
            Side::Right => Side::Left,
        }
    }

    /// The side that a signed value points to: positive is the subject's left.
    #[must_use]
    pub fn of(value: f64) -> Option<Self> {
        match value.partial_cmp(&0.0) {
            Some(std::cmp::Ordering::Greater) => Some(Side::Left),
            Some(std::cmp::Ordering::Less) => Some(Side::Right),
            _ => None,
        }
    }
}

macro_rules! joints {
    ($($joint:ident $name:literal $mirror:ident $words:literal,)*) => {
        /// A point of the body given by pose models. The order is BlazePose's (pose landmarks 0 to 32).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "each variant's name is its whole meaning")]
        pub enum Joint { $($joint,)* }

        impl Joint {
            /// Every joint, in order of its index.
            pub const ALL: [Joint; [$($name),*].len()] = [$(Joint::$joint),*];

            /// The name in records, such as `left_shoulder`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Joint::$joint => $name,)* }
            }

            /// The name for display, such as `left shoulder`.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self { $(Joint::$joint => $words,)* }
            }

            /// The joint's mirror partner; the nose is its own.
            #[must_use]
            pub const fn mirror(self) -> Self {
                match self { $(Joint::$joint => Joint::$mirror,)* }
            }
        }
    };
}

joints! {
    Nose "nose" Nose "nose",
    LeftEyeInner "left_eye_inner" RightEyeInner "left eye's inner corner",
    LeftEye "left_eye" RightEye "left eye",
    LeftEyeOuter "left_eye_outer" RightEyeOuter "left eye's outer corner",
    RightEyeInner "right_eye_inner" LeftEyeInner "right eye's inner corner",
    RightEye "right_eye" LeftEye "right eye",
    RightEyeOuter "right_eye_outer" LeftEyeOuter "right eye's outer corner",
    LeftEar "left_ear" RightEar "left ear",
    RightEar "right_ear" LeftEar "right ear",
    LeftMouth "left_mouth" RightMouth "left corner of the mouth",
    RightMouth "right_mouth" LeftMouth "right corner of the mouth",
    LeftShoulder "left_shoulder" RightShoulder "left shoulder",
    RightShoulder "right_shoulder" LeftShoulder "right shoulder",
    LeftElbow "left_elbow" RightElbow "left elbow",
    RightElbow "right_elbow" LeftElbow "right elbow",
    LeftWrist "left_wrist" RightWrist "left wrist",
    RightWrist "right_wrist" LeftWrist "right wrist",
    LeftPinky "left_pinky" RightPinky "left little finger",
    RightPinky "right_pinky" LeftPinky "right little finger",
    LeftIndex "left_index" RightIndex "left index finger",
    RightIndex "right_index" LeftIndex "right index finger",
    LeftThumb "left_thumb" RightThumb "left thumb",
    RightThumb "right_thumb" LeftThumb "right thumb",
    LeftHip "left_hip" RightHip "left hip",
    RightHip "right_hip" LeftHip "right hip",
    LeftKnee "left_knee" RightKnee "left knee",
    RightKnee "right_knee" LeftKnee "right knee",
    LeftAnkle "left_ankle" RightAnkle "left ankle",
    RightAnkle "right_ankle" LeftAnkle "right ankle",
    LeftHeel "left_heel" RightHeel "left heel",
    RightHeel "right_heel" LeftHeel "right heel",
    LeftFootIndex "left_foot_index" RightFootIndex "tip of the left foot",
    RightFootIndex "right_foot_index" LeftFootIndex "tip of the right foot",
}

impl Joint {
    /// The number of joints.
    pub const COUNT: usize = Self::ALL.len();

    /// Its index in [`Joint::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The joint with this record name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|joint| joint.name() == name)
    }
}

/// A left joint and its right partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The subject's left one.
    pub left: Joint,
    /// The subject's right one.
    pub right: Joint,
}

impl Pair {
    /// Both eyes' centres.
    pub const EYES: Self = Self { left: Joint::LeftEye, right: Joint::RightEye };
    /// Both eyes' outer corners.
    pub const EYES_OUTER: Self = Self { left: Joint::LeftEyeOuter, right: Joint::RightEyeOuter };
    /// Both ears.
    pub const EARS: Self = Self { left: Joint::LeftEar, right: Joint::RightEar };
    /// Both corners of the mouth.
    pub const MOUTH: Self = Self { left: Joint::LeftMouth, right: Joint::RightMouth };
    /// Both shoulders.
    pub const SHOULDERS: Self = Self { left: Joint::LeftShoulder, right: Joint::RightShoulder };
    /// Both elbows.
    pub const ELBOWS: Self = Self { left: Joint::LeftElbow, right: Joint::RightElbow };
    /// Both wrists.
    pub const WRISTS: Self = Self { left: Joint::LeftWrist, right: Joint::RightWrist };
    /// Both hips.
    pub const HIPS: Self = Self { left: Joint::LeftHip, right: Joint::RightHip };
    /// Both knees.
    pub const KNEES: Self = Self { left: Joint::LeftKnee, right: Joint::RightKnee };
    /// Both ankles.
    pub const ANKLES: Self = Self { left: Joint::LeftAnkle, right: Joint::RightAnkle };
    /// Both heels.
    pub const HEELS: Self = Self { left: Joint::LeftHeel, right: Joint::RightHeel };
    /// Both tips of the feet.
    pub const TOES: Self = Self { left: Joint::LeftFootIndex, right: Joint::RightFootIndex };

    /// The joint on one side.
    #[must_use]
    pub const fn on(self, side: Side) -> Joint {
        match side {
            Side::Left => self.left,
            Side::Right => self.right,
        }
    }
}

/// The bones to draw: pairs of joints.
pub const BONES: [(Joint, Joint); 16] = [
    (Joint::LeftShoulder, Joint::RightShoulder),
    (Joint::LeftShoulder, Joint::LeftElbow),
    (Joint::LeftElbow, Joint::LeftWrist),
    (Joint::RightShoulder, Joint::RightElbow),
    (Joint::RightElbow, Joint::RightWrist),
    (Joint::LeftShoulder, Joint::LeftHip),
    (Joint::RightShoulder, Joint::RightHip),
    (Joint::LeftHip, Joint::RightHip),
    (Joint::LeftHip, Joint::LeftKnee),
    (Joint::LeftKnee, Joint::LeftAnkle),
    (Joint::RightHip, Joint::RightKnee),
    (Joint::RightKnee, Joint::RightAnkle),
    (Joint::LeftAnkle, Joint::LeftHeel),
    (Joint::LeftHeel, Joint::LeftFootIndex),
    (Joint::RightAnkle, Joint::RightHeel),
    (Joint::RightHeel, Joint::RightFootIndex),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_blazeposes() {
        assert_eq!(Joint::COUNT, 33);
        for (joint, index) in
            [(Joint::LeftEar, 7), (Joint::LeftShoulder, 11), (Joint::RightHip, 24), (Joint::LeftHeel, 29)]
        {
            assert_eq!(joint.index(), index);
        }
    }

    #[test]
    fn mirroring_twice_comes_home_and_swaps_the_side_in_the_name() {
        for joint in Joint::ALL {
            assert_eq!(joint.mirror().mirror(), joint);
            let swapped = joint.name().replace("left", "?").replace("right", "left").replace('?', "right");
            assert_eq!(joint.mirror().name(), swapped);
            assert_eq!(Joint::from_name(joint.name()), Some(joint));
        }
    }
}
