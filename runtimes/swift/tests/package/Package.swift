// swift-tools-version: 5.9
import PackageDescription

let package = Package(
  name: "several",
  products: [.library(name: "Function", targets: ["Function"])],
  dependencies: [.package(path: "../../types")],
  targets: [
    .target(name: "Helper"),
    .target(
      name: "Function",
      dependencies: ["Helper", .product(name: "Slipway", package: "types")],
      resources: [.copy("greeting.txt")],
      swiftSettings: [.define("SETTING")]),
  ]
)
