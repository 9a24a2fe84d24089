package slipway

import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import java.time.Instant

/**
 * What one invocation is asked, with its log. All of it is this invocation's own: whatever is changed in it, no other one sees.
 *
 * @property payload the envelope's payload; in raw mode the body, parsed where it is JSON, a string where it is text
 * @property headers names in lower case, several fields of one name joined
 * @property env the container's variables, overlaid with the invocation's
 * @property body in raw mode the exact bytes received, under the envelope those of a payload that is a string
 * @property deadline when the runtime stops waiting
 */
class Request(
    var payload: JsonElement = JsonNull,
    val method: String = "POST",
    val path: String = "/",
    query: () -> MutableMap<String, List<String>> = ::mutableMapOf,
    val headers: MutableMap<String, String> = mutableMapOf(),
    env: () -> MutableMap<String, String> = ::mutableMapOf,
    body: () -> ByteArray = { ByteArray(0) },
    val id: String = "test",
    val deadline: Instant = Instant.MAX,
    private val sink: Sink = Sink.STANDARD,
) {
    // Few functions look at these, so they are made when one does.
    val query: MutableMap<String, List<String>> by lazy(LazyThreadSafetyMode.PUBLICATION, query)
    val env: MutableMap<String, String> by lazy(LazyThreadSafetyMode.PUBLICATION, env)
    val body: ByteArray by lazy(LazyThreadSafetyMode.PUBLICATION, body)

    /** Writes a line of level info; line breaks within it are kept. */
    fun log(message: Any?) = sink.write(Level.INFO, message.toString())

    /** Writes a line of level error; line breaks within it are kept. */
    fun error(message: Any?) = sink.write(Level.ERROR, message.toString())
}

/** How serious a line of the log is. */
enum class Level { INFO, ERROR }

/** Where lines go: the runtime's log, or whatever a test wants to look at. */
fun interface Sink {
    fun write(
        level: Level,
        message: String,
    )

    companion object {
        /** For a function's own tests. */
        val STANDARD = Sink { level, message -> System.err.println("$level: $message") }
    }
}
