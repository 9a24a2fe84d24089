// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "slipway",
  products: [.library(name: "Slipway", targets: ["Slipway"])],
  targets: [
    .target(name: "Slipway")
  ]
)
