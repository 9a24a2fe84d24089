// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "greeting",
  products: [.library(name: "Function", targets: ["Function"])],
  dependencies: [
    .package(path: "../types"),
    .package(path: "packages/titlecase"),
  ],
  targets: [
    .target(
      name: "Function",
      dependencies: [.product(name: "Slipway", package: "types"), .product(name: "TitleCase", package: "titlecase")])
  ]
)
