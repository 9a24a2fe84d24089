package slipway.server

import io.netty.util.concurrent.FastThreadLocalThread
import slipway.Level
import java.io.ByteArrayOutputStream
import java.io.OutputStream
import java.io.PrintStream
import java.util.Locale

/** What functions print, as lines of the log under the invocation that printed them. */
internal object Output {
    private val nobodys = Printed(null)

    fun capture() {
        System.setOut(Routed { streamOf(Level.INFO) })
        System.setErr(Routed { streamOf(Level.ERROR) })
    }

    private fun streamOf(level: Level): PrintStream = (Invocation.Current.get()?.printed(level) ?: nobodys.stream(level))
}

/** Both streams of one invocation, or of code that belongs to none. */
internal class Printed(
    invocation: Invocation?,
) {
    private val lines = Level.entries.map { Lines(it, invocation) }
    private val streams = lines.map { PrintStream(it, false, Charsets.UTF_8) }

    fun stream(level: Level): PrintStream = streams[level.ordinal]

    fun flush() = lines.forEach(Lines::end)
}

/** Cuts bytes into lines. */
private class Lines(
    private val level: Level,
    private val invocation: Invocation?,
) : OutputStream() {
    private val line = ByteArrayOutputStream()

    @Synchronized
    override fun write(byte: Int) = write(byteArrayOf(byte.toByte()), 0, 1)

    @Synchronized
    override fun write(
        bytes: ByteArray,
        offset: Int,
        length: Int,
    ) {
        var from = offset
        val end = offset + length
        for (at in offset until end) {
            if (bytes[at] != LINE_BREAK) continue
            line.write(bytes, from, at - from)
            log()
            from = at + 1
        }
        line.write(bytes, from, end - from)
        while (line.size() > Contract.LOG_MESSAGE_BYTES) log()
    }

    /** Logs what has come of a line. */
    @Synchronized
    fun end() {
        if (line.size() > 0) log()
    }

    private fun log() {
        val message = line.toString(Charsets.UTF_8)
        line.reset()
        when {
            invocation != null -> invocation.write(level, message)
            // The server's own threads never wait.
            Thread.currentThread() is FastThreadLocalThread -> Logs.write(level, null, message)
            else -> Logs.writePatiently(level, null, message)
        }
    }

    private companion object {
        const val LINE_BREAK = '\n'.code.toByte()
    }
}

/**
 * A stream that is another one for each invocation. It has nothing of its own, no lock either: a function that is stuck
 * printing holds nobody else up.
 */
private class Routed(
    private val stream: () -> PrintStream,
) : PrintStream(nullOutputStream()) {
    override fun write(byte: Int) = stream().write(byte)

    override fun write(bytes: ByteArray) = stream().write(bytes)

    override fun write(
        bytes: ByteArray,
        offset: Int,
        length: Int,
    ) = stream().write(bytes, offset, length)

    override fun flush() = stream().flush()

    override fun close() = Unit

    override fun checkError() = stream().checkError()

    override fun print(value: Boolean) = stream().print(value)

    override fun print(value: Char) = stream().print(value)

    override fun print(value: Int) = stream().print(value)

    override fun print(value: Long) = stream().print(value)

    override fun print(value: Float) = stream().print(value)

    override fun print(value: Double) = stream().print(value)

    override fun print(value: CharArray) = stream().print(value)

    override fun print(value: String?) = stream().print(value)

    override fun print(value: Any?) = stream().print(value)

    override fun println() = stream().println()

    override fun println(value: Boolean) = stream().println(value)

    override fun println(value: Char) = stream().println(value)

    override fun println(value: Int) = stream().println(value)

    override fun println(value: Long) = stream().println(value)

    override fun println(value: Float) = stream().println(value)

    override fun println(value: Double) = stream().println(value)

    override fun println(value: CharArray) = stream().println(value)

    override fun println(value: String?) = stream().println(value)

    override fun println(value: Any?) = stream().println(value)

    override fun append(text: CharSequence?): PrintStream = apply { stream().append(text) }

    override fun append(
        text: CharSequence?,
        start: Int,
        end: Int,
    ): PrintStream = apply { stream().append(text, start, end) }

    override fun append(character: Char): PrintStream = apply { stream().append(character) }

    override fun format(
        format: String,
        vararg arguments: Any?,
    ): PrintStream = apply { stream().format(format, *arguments) }

    override fun format(
        locale: Locale?,
        format: String,
        vararg arguments: Any?,
    ): PrintStream = apply { stream().format(locale, format, *arguments) }

    override fun printf(
        format: String,
        vararg arguments: Any?,
    ): PrintStream = format(format, *arguments)

    override fun printf(
        locale: Locale?,
        format: String,
        vararg arguments: Any?,
    ): PrintStream = format(locale, format, *arguments)
}
