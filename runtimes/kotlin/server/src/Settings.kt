package slipway.server

/** What native/settings.c has read and found valid, in its order. */
internal class Settings(
    values: Array<String>,
    secret: ByteArray,
) {
    val secret = Secret(secret)
    val timeout = nanoseconds(values[2].toDouble())
    val grace = nanoseconds(values[3].toDouble())
    val maxBody = values[4].toInt()
    val concurrency = values[5].toInt()
    val isDevelopment = values[6] == "development"

    /** What every function sees of the environment. */
    val env: Map<String, String> = System.getenv().filterKeys { !it.startsWith(Contract.RESERVED_VARIABLES) }

    companion object {
        private const val SECOND = 1e9

        fun nanoseconds(seconds: Double): Long = (seconds * SECOND).toLong().coerceAtLeast(1)

        /** A positive decimal: digits, and a fraction where there is one; no sign, no exponent. Null for anything else. */
        fun decimal(text: String): Double? {
            val point = text.indexOf('.')
            val digits = { part: String -> part.isNotEmpty() && part.all { it in '0'..'9' } }
            val isPlain =
                if (point < 0) digits(text) else digits(text.substring(0, point)) && digits(text.substring(point + 1))
            return if (isPlain) text.toDouble().takeIf { it >= 1 / SECOND && it.isFinite() } else null
        }
    }
}
