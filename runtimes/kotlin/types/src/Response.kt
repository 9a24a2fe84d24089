package slipway

import java.util.concurrent.atomic.AtomicReference

/** Takes one answer. Headers are given by name; a value is a string, or a list of strings for several lines. */
class Response {
    private val slot = AtomicReference<Given>()

    /** What was answered first; null as long as nothing was. */
    val given: Given? get() = slot.get()

    /** Answers with text. A second answer, or one that HTTP can't carry, is an exception. */
    fun send(
        text: String,
        status: Int = 200,
        headers: Map<String, Any> = emptyMap(),
    ) = answer(status, headers, TEXT) { utf8(text) }

    /** Answers with bytes. A second answer, or one that HTTP can't carry, is an exception. */
    fun send(
        bytes: ByteArray,
        status: Int = 200,
        headers: Map<String, Any> = emptyMap(),
    ) = answer(status, headers, BYTES) { bytes.clone() }

    /**
     * Answers with JSON: of an element, or of null, strings, numbers, booleans, and lists, arrays and maps of them. What is
     * `@Serializable` becomes an element by `Json.encodeToJsonElement`. A second answer, or a value that JSON can't hold, is an exception.
     */
    fun json(
        value: Any?,
        status: Int = 200,
        headers: Map<String, Any> = emptyMap(),
    ) = answer(status, headers, JSON) { JsonWriter().write(value).toBytes() }

    private inline fun answer(
        status: Int,
        headers: Map<String, Any>,
        type: String,
        body: () -> ByteArray,
    ) {
        check(slot.get() == null) { ONCE }
        val given =
            try {
                Answer(status(status), checkedHeaders(headers), type, body())
            } catch (problem: IllegalArgumentException) {
                Unfit(problem.message ?: "it can't be sent")
            } catch (_: StackOverflowError) {
                Unfit("JSON is nested too deep, or holds itself")
            }
        check(slot.compareAndSet(null, given)) { ONCE }
        if (given is Unfit) throw IllegalArgumentException(given.problem)
    }
}

/** What became of a function's answer. */
sealed interface Given

/**
 * An answer that HTTP can carry.
 *
 * @property headers as the function wrote them, in order, several of one name as several
 * @property type the content type that holds unless the headers name one
 */
class Answer(
    val status: Int,
    val headers: List<Pair<String, String>>,
    val type: String,
    val body: ByteArray,
) : Given

/** An answer that HTTP can't carry, and why. */
class Unfit(
    val problem: String,
) : Given

private const val ONCE = "the response was already given: a function answers once"
private const val TEXT = "text/plain; charset=utf-8"
private const val BYTES = "application/octet-stream"
private const val JSON = "application/json"
private const val DELETE = '\u007f'

private fun status(status: Int): Int {
    require(status in 200..599) { "the status $status is outside 200 to 599" }
    return status
}

private fun checkedHeaders(headers: Map<String, Any>): List<Pair<String, String>> {
    if (headers.isEmpty()) return emptyList()
    val lines = ArrayList<Pair<String, String>>(headers.size)
    for ((name, value) in headers) {
        require(name.isNotEmpty() && name.all(::isToken)) { "\"$name\" is no header name" }
        for (line in if (value is Iterable<*>) value else listOf(value)) {
            require(line is String) { "the header $name is neither a string nor a list of strings" }
            require(line.none { (it < ' ' && it != '\t') || it == DELETE }) { "the header $name holds a control character" }
            lines += name to line
        }
    }
    return lines
}

/** RFC 9110 5.6.2. */
private fun isToken(character: Char): Boolean =
    character in 'a'..'z' || character in 'A'..'Z' || character in '0'..'9' || character in "!#$%&'*+-.^_`|~"
