// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "conformance-function",
  products: [.library(name: "Function", targets: ["Function"])],
  dependencies: [
    .package(path: "../../../runtimes/swift/types"),
    .package(path: "packages/casing"),
  ],
  targets: [
    .target(
      name: "Function",
      dependencies: [.product(name: "Slipway", package: "types"), .product(name: "Casing", package: "casing")])
  ]
)
