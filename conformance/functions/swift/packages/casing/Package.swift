// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "casing",
  products: [.library(name: "Casing", targets: ["Casing"])],
  targets: [.target(name: "Casing")]
)
