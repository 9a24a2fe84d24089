// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "titlecase",
  products: [.library(name: "TitleCase", targets: ["TitleCase"])],
  targets: [.target(name: "TitleCase")]
)
