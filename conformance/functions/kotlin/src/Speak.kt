package conformance

fun print(step: Step) {
    val text = step.text("text")
    val stream =
        when (step.optionalText("to")) {
            null, "out" -> System.out
            "err" -> System.err
            else -> throw step.unknown()
        }
    repeat(step.count("times", 1)) { stream.println(text) }
}

fun flood(step: Step) {
    val line = step.count("line", 100).coerceAtLeast(1)
    val text = "x".repeat(line - 1)
    repeat((step.count("bytes") + line - 1) / line) { println(text) }
}

fun bytes(step: Step) {
    System.out.write(step.bytes("base64") ?: throw step.unknown())
    println()
}
