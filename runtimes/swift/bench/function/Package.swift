// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "bench-function",
  products: [.library(name: "Function", targets: ["Function"])],
  dependencies: [.package(path: "../../types")],
  targets: [.target(name: "Function", dependencies: [.product(name: "Slipway", package: "types")])]
)
