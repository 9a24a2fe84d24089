package slipway.server

import io.netty.handler.codec.http.HttpHeaderNames
import io.netty.handler.codec.http.HttpMethod
import io.netty.handler.codec.http.HttpRequest
import io.netty.util.AsciiString

/** What the HTTP headers ask of the runtime itself, found in one pass over all of them; several of a name are one value. */
internal class Steering(
    request: HttpRequest,
) {
    private var bytes = 0
    private var lines = 0
    private var contentType: CharSequence? = null
    private var invocation: CharSequence? = null
    private var mode: CharSequence? = null
    private var result: CharSequence? = null
    private var timeout: CharSequence? = null
    var secret: CharSequence? = null
        private set
    var trace: CharSequence? = null
        private set

    init {
        val fields = request.headers().iteratorCharSequence()
        while (fields.hasNext()) {
            val field = fields.next()
            val name = field.key
            val value = field.value
            lines++
            // A line is its name, a colon, a space, its value, and CR LF.
            bytes += name.length + value.length + 4
            note(name, value)
        }
    }

    private fun note(
        name: CharSequence,
        value: CharSequence,
    ) {
        when {
            name.length < SHORTEST -> {}
            isIt(name, Contract.SECRET) -> secret = joined(secret, value)
            isIt(name, CONTENT_TYPE) -> contentType = contentType ?: value
            isIt(name, Contract.INVOCATION) -> invocation = joined(invocation, value)
            isIt(name, Contract.TRACE) -> trace = joined(trace, value)
            isIt(name, Contract.MODE) -> mode = joined(mode, value)
            isIt(name, Contract.RESULT) -> result = joined(result, value)
            isIt(name, Contract.TIMEOUT) -> timeout = joined(timeout, value)
        }
    }

    val isTooLarge: Boolean get() = bytes > Contract.HEADER_BYTES || lines > Contract.HEADER_LINES

    /** The caller's id; null where there is none. */
    fun invocationId(): String? {
        val given = invocation ?: return null
        if (given.length !in 1..Contract.INVOCATION_ID_BYTES || !given.all { it in LETTERS }) {
            throw invalid(
                "${Contract.INVOCATION} must be 1 to ${Contract.INVOCATION_ID_BYTES} letters, digits, dots, underscores or dashes",
            )
        }
        return given.toString()
    }

    fun isRaw(): Boolean = isOther(Contract.MODE, mode, "envelope", "raw")

    fun isInEnvelope(): Boolean = isOther(Contract.RESULT, result, "plain", "envelope")

    /** What the caller asks for, in nanoseconds, where that isn't longer than the launch allows. */
    fun timeout(longest: Long): Long {
        val value = timeout ?: return longest
        val seconds =
            Settings.decimal(value.toString())
                ?: throw invalid("${Contract.TIMEOUT} must be a positive decimal number of seconds")
        return minOf(longest, Settings.nanoseconds(seconds))
    }

    /** Refuses what is no envelope by its address, method or type. */
    fun requireEnvelope(
        method: HttpMethod,
        path: String,
    ) {
        if (path != "/") {
            throw Refusal(Code.NOT_FOUND, "an envelope is posted to /; other paths need ${Contract.MODE}: raw")
        }
        if (method != HttpMethod.POST) {
            throw Refusal(Code.METHOD_NOT_ALLOWED, "an envelope is posted; other methods need ${Contract.MODE}: raw")
        }
        val type = contentType?.toString().orEmpty()
        if (type != JSON && Raw.mediaType(type) != JSON) {
            throw Refusal(Code.UNSUPPORTED_MEDIA_TYPE, "the content type of an envelope is $JSON")
        }
    }

    companion object {
        private const val JSON = "application/json"
        private const val SHORTEST = 11
        private val CONTENT_TYPE = HttpHeaderNames.CONTENT_TYPE.toString()
        private val LETTERS = (('a'..'z') + ('A'..'Z') + ('0'..'9') + listOf('.', '_', '-')).toSet()
        private val TRACE_PARENT = Regex("([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")

        private fun isIt(
            name: CharSequence,
            wanted: String,
        ) = name.length == wanted.length && AsciiString.contentEqualsIgnoreCase(name, wanted)

        private fun joined(
            before: CharSequence?,
            value: CharSequence,
        ): CharSequence = if (before == null) value else "$before, $value"

        /** Whether the header says the other of two words; no header is the usual one. */
        private fun isOther(
            name: String,
            value: CharSequence?,
            usual: String,
            other: String,
        ): Boolean {
            if (value == null || AsciiString.contentEquals(value, usual)) return false
            if (AsciiString.contentEquals(value, other)) return true
            throw invalid("$name must be $usual or $other")
        }

        private fun invalid(message: String) = Refusal(Code.INVALID_HEADER, message)

        /** The trace id of a valid W3C traceparent. */
        fun traceId(header: CharSequence?): String? {
            val (version, trace, parent, more) = TRACE_PARENT.matchEntire(header ?: return null)?.destructured ?: return null
            // Later versions may have more parts, this one has not.
            val isWhole = version != "ff" && (version != "00" || more.isEmpty())
            return trace.takeIf { isWhole && trace.any { it != '0' } && parent.any { it != '0' } }
        }
    }
}
