//! Options of FHIR bundles.

use clap::Args;

use crate::core::compare::visit::Date;
use crate::report::fhir;

/// How bundles are filed.
#[derive(Debug, Clone, Default, Args)]
pub struct Filing {
    /// The patient of the FHIR bundle, such as Patient/123. Default: a manifest's column "patient".
    #[arg(long, value_name = "REF", requires = "fhir", value_parser = fhir::reference)]
    pub fhir_patient: Option<String>,
    /// The device, such as Device/7, where the receiver has one. Default: a manifest's column "device", else one in the bundle.
    #[arg(long, value_name = "REF", requires = "fhir", value_parser = fhir::reference)]
    pub fhir_device: Option<String>,
    /// Make bundles of the type transaction, which a FHIR server carries out.
    #[arg(long, requires = "fhir")]
    pub fhir_transaction: bool,
}

impl Filing {
    /// As the output takes it.
    #[must_use]
    pub fn of(&self, day: Option<Date>) -> fhir::Filing {
        fhir::Filing {
            patient: self.fhir_patient.clone(),
            effective: day.map(|day| day.to_string()),
            device: self.fhir_device.clone(),
            transaction: self.fhir_transaction,
        }
    }
}
