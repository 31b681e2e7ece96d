// swift-format-ignore-file
// Made by Scripts/generate-nvml-tables from Scripts/nvml-functions.txt: functions that nothing here stands behind.

public import CNVML

@c public func nvmlDeviceClearAccountingPids(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceClearCpuAffinity(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceDiscoverGpus() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlDeviceFreezeNvLinkUtilizationCounter(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetAPIRestriction(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetAccountingBufferSize(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetAccountingPids(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetAccountingStats(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetAccountingStats_v2(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 610) }
@c public func nvmlDeviceGetActiveVgpus(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetAdaptiveTgpModeInfo_v1(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 615) }
@c public func nvmlDeviceGetAddressingMode(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 580) }
@c public func nvmlDeviceGetAutoBoostedClocksEnabled(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetBBXTimeData_v1(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 610) }
@c public func nvmlDeviceGetBankRemapperStatus_v1(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 615) }
@c public func nvmlDeviceGetBridgeChipInfo(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetC2cModeInfoV(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 545) }
@c public func nvmlDeviceGetCapabilities(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 555) }
@c public func nvmlDeviceGetClkMonStatus(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetClockOffsets(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 555) }
@c public func nvmlDeviceGetConfComputeGpuAttestationReport(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetConfComputeGpuCertificate(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetCoolerInfo(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 570) }
@c public func nvmlDeviceGetCreatableVgpus(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetCurrentClockFreqs(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 570) }
@c public func nvmlDeviceGetDramEncryptionMode(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 570) }
@c public func nvmlDeviceGetDynamicPstatesInfo(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetEncoderCapacity(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetEncoderSessions(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetFBCSessions(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetFanControlPolicy_v2(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetGpcClkMinMaxVfOffset(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetGpcClkVfOffset(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetGpuFabricInfo_v4(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 615) }
@c public func nvmlDeviceGetGpuOperationMode(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetGridLicensableFeatures(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetGridLicensableFeatures_v2(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetGridLicensableFeatures_v3(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetGridLicensableFeatures_v4(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetHostVgpuMode(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetHostname_v1(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 580) }
@c public func nvmlDeviceGetInforomConfigurationChecksum(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetInforomImageVersion(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetInforomVersion(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetLastBBXFlushTime(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetMemClkMinMaxVfOffset(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetMemClkVfOffset(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetNvLinkInfo(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 580) }
@c public func nvmlDeviceGetNvLinkTelemetrySamples_v1(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 615) }
@c public func nvmlDeviceGetNvLinkUtilizationControl(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetNvLinkUtilizationCounter(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetNvlinkBwMode(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 570) }
@c public func nvmlDeviceGetNvlinkSupportedBwModes(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 570) }
@c public func nvmlDeviceGetPdi(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 580) }
@c public func nvmlDeviceGetPerformanceModes(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 570) }
@c public func nvmlDeviceGetPgpuMetadataString(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetPlatformInfo(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 570) }
@c public func nvmlDeviceGetPowerMizerMode_v1(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 580) }
@c public func nvmlDeviceGetRemappedRows_v2(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 595) }
@c public func nvmlDeviceGetSramUniqueUncorrectedEccErrorCounts(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 580) }
@c public func nvmlDeviceGetSupportedVgpus(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetThermalSettings(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetUnrepairableMemoryFlag_v1(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 590) }
@c public func nvmlDeviceGetVgpuCapabilities(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetVgpuHeterogeneousMode(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 550) }
@c public func nvmlDeviceGetVgpuInstancesUtilizationInfo(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 550) }
@c public func nvmlDeviceGetVgpuMetadata(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetVgpuProcessUtilization(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetVgpuProcessesUtilizationInfo(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 550) }
@c public func nvmlDeviceGetVgpuSchedulerCapabilities(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetVgpuSchedulerLog(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetVgpuSchedulerLog_v2(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 595) }
@c public func nvmlDeviceGetVgpuSchedulerState(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceGetVgpuSchedulerState_v2(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 595) }
@c public func nvmlDeviceGetVgpuTypeCreatablePlacements(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 550) }
@c public func nvmlDeviceGetVgpuTypeSupportedPlacements(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 550) }
@c public func nvmlDeviceGetVgpuUtilization(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceModifyDrainState() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlDevicePerfMetricsGetSamples_v1(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 615) }
@c public func nvmlDevicePowerSmoothingActivatePresetProfile(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 570) }
@c public func nvmlDevicePowerSmoothingSetState(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 570) }
@c public func nvmlDevicePowerSmoothingUpdatePresetProfileParam(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 570) }
@c public func nvmlDeviceQueryDrainState() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlDeviceReadPRMCounters_v1(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 590) }
@c public func nvmlDeviceReadWritePRM_v1(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 580) }
@c public func nvmlDeviceRemoveGpu() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlDeviceRemoveGpu_v2() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlDeviceResetMemoryLockedClocks(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceResetNvLinkUtilizationCounter(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceSetAPIRestriction(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceSetAccountingMode(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceSetAdaptiveTgpMode_v1(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 615) }
@c public func nvmlDeviceSetAutoBoostedClocksEnabled(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceSetClockOffsets(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 555) }
@c public func nvmlDeviceSetConfComputeUnprotectedMemSize(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceSetCpuAffinity(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceSetDefaultAutoBoostedClocksEnabled(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceSetDefaultFanSpeed_v2(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceSetDramEncryptionMode(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 570) }
@c public func nvmlDeviceSetDriverModel(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceSetFanControlPolicy(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceSetFanSpeed_v2(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceSetGpcClkVfOffset(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceSetGpuOperationMode(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceSetHostname_v1(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 580) }
@c public func nvmlDeviceSetMemClkVfOffset(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceSetMemoryLockedClocks(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceSetNvLinkDeviceLowPowerThreshold(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceSetNvLinkUtilizationControl(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceSetNvlinkBwMode(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 570) }
@c public func nvmlDeviceSetNvlinkBwModeAsync_v1(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 615) }
@c public func nvmlDeviceSetPowerMizerMode_v1(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 580) }
@c public func nvmlDeviceSetRusdSettings_v1(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 590) }
@c public func nvmlDeviceSetTemperatureThreshold(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceSetVgpuCapabilities(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 550) }
@c public func nvmlDeviceSetVgpuHeterogeneousMode(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 550) }
@c public func nvmlDeviceSetVgpuSchedulerState(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceSetVgpuSchedulerState_v2(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 595) }
@c public func nvmlDeviceSetVirtualizationMode(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlDeviceVgpuForceGspUnload(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 595) }
@c public func nvmlDeviceWorkloadPowerProfileClearRequestedProfiles(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 570) }
@c public func nvmlDeviceWorkloadPowerProfileGetCurrentProfiles(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 570) }
@c public func nvmlDeviceWorkloadPowerProfileGetProfilesInfo(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 570) }
@c public func nvmlDeviceWorkloadPowerProfileSetRequestedProfiles(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 570) }
@c public func nvmlDeviceWorkloadPowerProfileUpdateProfiles_v1(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 590) }
@c public func nvmlEventSetGetContextCount_v1() -> nvmlReturn_t { absent(since: 615) }
@c public func nvmlEventSetGetContextData_v1() -> nvmlReturn_t { absent(since: 615) }
@c public func nvmlEventSetGetContextInfo_v1() -> nvmlReturn_t { absent(since: 615) }
@c public func nvmlEventSetGetGpuOperationalEventContextLegacyXid_v1() -> nvmlReturn_t { absent(since: 615) }
@c public func nvmlEventSetRegisterGpuOperationalEvents_v1() -> nvmlReturn_t { absent(since: 615) }
@c public func nvmlEventSetWait_v3() -> nvmlReturn_t { absent(since: 615) }
@c public func nvmlGetExcludedDeviceInfoByIndex() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlGetVgpuCompatibility() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlGetVgpuDriverCapabilities() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlGetVgpuVersion() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlGpmQueryIfStreamingEnabled(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlGpmSetStreamingEnabled(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlGpuInstanceGetActiveVgpus() -> nvmlReturn_t { absent(since: 575) }
@c public func nvmlGpuInstanceGetCreatableVgpus() -> nvmlReturn_t { absent(since: 575) }
@c public func nvmlGpuInstanceGetVgpuHeterogeneousMode() -> nvmlReturn_t { absent(since: 575) }
@c public func nvmlGpuInstanceGetVgpuSchedulerLog() -> nvmlReturn_t { absent(since: 575) }
@c public func nvmlGpuInstanceGetVgpuSchedulerLog_v2() -> nvmlReturn_t { absent(since: 595) }
@c public func nvmlGpuInstanceGetVgpuSchedulerState() -> nvmlReturn_t { absent(since: 575) }
@c public func nvmlGpuInstanceGetVgpuSchedulerState_v2() -> nvmlReturn_t { absent(since: 595) }
@c public func nvmlGpuInstanceGetVgpuTypeCreatablePlacements() -> nvmlReturn_t { absent(since: 575) }
@c public func nvmlGpuInstanceSetVgpuHeterogeneousMode() -> nvmlReturn_t { absent(since: 575) }
@c public func nvmlGpuInstanceSetVgpuSchedulerState() -> nvmlReturn_t { absent(since: 575) }
@c public func nvmlGpuInstanceSetVgpuSchedulerState_v2() -> nvmlReturn_t { absent(since: 595) }
@c public func nvmlSetVgpuVersion() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlSystemEventSetCreate() -> nvmlReturn_t { absent(since: 575) }
@c public func nvmlSystemEventSetFree() -> nvmlReturn_t { absent(since: 575) }
@c public func nvmlSystemEventSetWait() -> nvmlReturn_t { absent(since: 575) }
@c public func nvmlSystemGetCPER_v1() -> nvmlReturn_t { absent(since: 610) }
@c public func nvmlSystemGetConfComputeKeyRotationThresholdInfo() -> nvmlReturn_t { absent(since: 550) }
@c public func nvmlSystemGetNvlinkBwMode() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlSystemRegisterEvents() -> nvmlReturn_t { absent(since: 575) }
@c public func nvmlSystemSetConfComputeKeyRotationThresholdInfo() -> nvmlReturn_t { absent(since: 550) }
@c public func nvmlSystemSetNvlinkBwMode() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlUnitGetDevices() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlUnitGetFanSpeedInfo() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlUnitGetHandleByIndex() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlUnitGetLedState() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlUnitGetPsuInfo() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlUnitGetTemperature() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlUnitGetUnitInfo() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlUnitSetLedState() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuInstanceClearAccountingPids() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuInstanceGetAccountingMode() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuInstanceGetAccountingPids() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuInstanceGetAccountingStats() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuInstanceGetEccMode() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuInstanceGetEncoderCapacity() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuInstanceGetEncoderSessions() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuInstanceGetEncoderStats() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuInstanceGetFBCSessions() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuInstanceGetFBCStats() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuInstanceGetFbUsage() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuInstanceGetFrameRateLimit() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuInstanceGetGpuInstanceId() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuInstanceGetGpuPciId() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuInstanceGetLicenseInfo() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuInstanceGetLicenseInfo_v2() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuInstanceGetLicenseStatus() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuInstanceGetMdevUUID() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuInstanceGetMetadata() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuInstanceGetPlacementId() -> nvmlReturn_t { absent(since: 550) }
@c public func nvmlVgpuInstanceGetRuntimeStateSize() -> nvmlReturn_t { absent(since: 570) }
@c public func nvmlVgpuInstanceGetType() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuInstanceGetUUID() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuInstanceGetVmDriverVersion() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuInstanceGetVmID() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuInstanceSetEncoderCapacity() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuTypeGetBAR1Info() -> nvmlReturn_t { absent(since: 560) }
@c public func nvmlVgpuTypeGetCapabilities() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuTypeGetClass() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuTypeGetDeviceID() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuTypeGetFbReservation() -> nvmlReturn_t { absent(since: 550) }
@c public func nvmlVgpuTypeGetFrameRateLimit() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuTypeGetFramebufferSize() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuTypeGetGpuInstanceProfileId() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuTypeGetGspHeapSize() -> nvmlReturn_t { absent(since: 550) }
@c public func nvmlVgpuTypeGetLicense() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuTypeGetMaxInstances(_ device: nvmlDevice_t?) -> nvmlReturn_t { unsupported(device, since: 535) }
@c public func nvmlVgpuTypeGetMaxInstancesPerGpuInstance() -> nvmlReturn_t { absent(since: 575) }
@c public func nvmlVgpuTypeGetMaxInstancesPerVm() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuTypeGetName() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuTypeGetNumDisplayHeads() -> nvmlReturn_t { absent(since: 535) }
@c public func nvmlVgpuTypeGetResolution() -> nvmlReturn_t { absent(since: 535) }
