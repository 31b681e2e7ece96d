import API
import Engine

extension Preparation {
    /// What came over the wire, as the container edge takes it.
    init(_ view: PreparationView) {
        self.init(
            cdiDevice: view.cdiDevice, cdiSpecification: view.cdiSpecification, edits: view.edits,
            processEnvironment: view.processEnvironment, hiddenDevices: view.hiddenDevices,
            processMounts: view.processMounts, needsAdmission: view.needsAdmission)
    }
}
