// swift-tools-version: 6.0
// For editors; install.sh compiles the same sources with the same settings.
import PackageDescription

let package = Package(
  name: "slipway-server",
  dependencies: [.package(path: "../types")],
  targets: [
    .systemLibrary(name: "CLlhttp"),
    .target(name: "CSlipway"),
    .target(
      name: "SlipwayServer", dependencies: ["CLlhttp", "CSlipway", .product(name: "Slipway", package: "types")],
      linkerSettings: [.linkedLibrary("llhttp")]),
    .executableTarget(name: "NotLoaded", dependencies: ["SlipwayServer"]),
  ]
)
