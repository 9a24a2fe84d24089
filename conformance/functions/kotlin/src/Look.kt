package conformance

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import org.apache.commons.lang3.StringUtils
import java.io.File
import java.io.IOException
import java.net.InetSocketAddress
import java.net.Socket
import java.util.concurrent.atomic.AtomicInteger

private val counter = AtomicInteger()

fun Invocation.count() {
    seen["count"] = counter.incrementAndGet()
}

fun Invocation.getenv(step: Step) {
    val name = step.text("name")
    add("getenv", name, System.getenv(name))
}

fun Invocation.findSecret(step: Step) {
    val secret = step.text("reversed").reversed()
    val places = ArrayList<String>()
    val look = { place: String, text: String -> if (secret in text) places += place }
    look("req.headers", req.headers.toString())
    look("req.env", req.env.toString())
    look("process.env", System.getenv().toString())
    for (process in File("/proc").list().orEmpty().filter { it.all(Char::isDigit) }) {
        for (name in listOf("environ", "cmdline")) {
            val file = File("/proc/$process/$name")
            try {
                look(file.path, file.readText())
            } catch (_: IOException) {
                // Another user's process, or one that has just ended, can't be read.
            }
        }
    }
    seen["secret"] = places
}

fun Invocation.write(step: Step) {
    val path = step.text("path")
    val outcome =
        try {
            File(path).writeText("written by the conformance function\n")
            "written"
        } catch (problem: IOException) {
            problem.toString()
        }
    add("write", path, outcome)
}

suspend fun Invocation.fetch(step: Step) {
    val address = InetSocketAddress(step.text("host"), step.count("port"))
    val limit = step.count("timeout_ms")
    seen["fetch"] =
        withContext(Dispatchers.IO) {
            try {
                Socket().use { it.connect(address, limit) }
                "connected"
            } catch (problem: IOException) {
                problem.toString()
            }
        }
}

fun Invocation.files() {
    seen["files"] = File("/proc/self/fd").list().orEmpty().size
}

fun Invocation.dependency() {
    seen["dependency"] = StringUtils.capitalize("from a dependency")
}

private fun Invocation.add(
    member: String,
    name: String,
    value: Any?,
) {
    @Suppress("UNCHECKED_CAST")
    val members = seen.getOrPut(member) { LinkedHashMap<String, Any?>() } as MutableMap<String, Any?>
    members[name] = value
}
