package slipway.server

import slipway.JsonWriter
import slipway.Level
import slipway.utf8
import java.time.LocalDateTime
import java.time.ZoneOffset
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.atomic.AtomicLong
import java.util.concurrent.locks.LockSupport

/** A line of the log. */
internal class Line(
    val time: String,
    val level: Level,
    val message: String,
)

/** Whose line it is. */
internal class Owner(
    val invocation: String,
    val trace: String?,
)

/** What an exception says of itself, which is function code, too, and may fail. */
internal fun told(
    problem: Throwable,
    says: (Throwable) -> String,
): String =
    try {
        says(problem)
    } catch (_: Throwable) {
        "${problem.javaClass.name}, which fails to say what it is"
    }

/** The log: JSON lines, written by a thread of their own, so that who logs need not wait for whoever reads them. */
internal object Logs {
    /** Beyond so much that waits, functions wait. The server's own lines don't. */
    private const val MOST_WAITING = 1L shl 20
    private const val BATCH_BYTES = 1 shl 16
    private const val PAUSE_NANOSECONDS = 1_000_000L
    private const val MILLION = 1_000_000

    private val lines = LinkedBlockingQueue<ByteArray>()
    private val waiting = AtomicLong()

    fun start() = Threads.start("log", ::writeForever)

    /** Writes a line, which it returns. */
    fun write(
        level: Level,
        owner: Owner?,
        message: String,
    ): Line {
        val line = Line(now(), level, message)
        enqueue(line, owner)
        return line
    }

    /** The same for a function, which waits while more is logged than can be written. */
    fun writePatiently(
        level: Level,
        owner: Owner?,
        message: String,
    ): Line {
        while (waiting.get() > MOST_WAITING && !Thread.currentThread().isInterrupted) LockSupport.parkNanos(PAUSE_NANOSECONDS)
        return write(level, owner, message)
    }

    /** An exception as the log shows it. */
    fun error(
        owner: Owner?,
        what: String,
        problem: Throwable,
    ) = write(Level.ERROR, owner, "$what: ${told(problem, Throwable::stackTraceToString).trimEnd()}")

    /** Waits until everything so far is written, within reason. */
    fun flush(nanoseconds: Long) {
        val end = System.nanoTime() + nanoseconds
        while (waiting.get() > 0 && System.nanoTime() < end) LockSupport.parkNanos(PAUSE_NANOSECONDS)
    }

    fun name(level: Level) = if (level == Level.ERROR) "error" else "info"

    private fun enqueue(
        line: Line,
        owner: Owner?,
    ) {
        val document =
            buildMap {
                put("time", line.time)
                put("level", name(line.level))
                put("invocation", owner?.invocation)
                owner?.trace?.let { put("trace_id", it) }
                put("message", whole(line.message))
            }
        val bytes = (JsonWriter().write(document).toString() + "\n").toByteArray()
        waiting.addAndGet(bytes.size.toLong())
        // Unlike put, it doesn't mind that the function has interrupted its thread; the queue has no bound.
        lines.add(bytes)
    }

    /** Half a character, such as of a cut string, is replaced. */
    private fun whole(message: String) = if (message.none { it.isSurrogate() }) message else String(utf8(message))

    private fun writeForever() {
        val batch = ByteArray(BATCH_BYTES)
        while (true) {
            var line: ByteArray? = lines.take()
            var length = 0
            while (line != null && length + line.size <= batch.size) {
                line.copyInto(batch, length)
                length += line.size
                line = lines.poll()
            }
            if (length > 0) Native.writeLines(batch, length)
            line?.let { Native.writeLines(it, it.size) }
            waiting.addAndGet(-(length + (line?.size ?: 0)).toLong())
        }
    }

    /** RFC 3339, to the millisecond, in UTC. */
    fun now(): String {
        val milliseconds = System.currentTimeMillis()
        val time =
            LocalDateTime.ofEpochSecond(
                Math.floorDiv(milliseconds, 1000L),
                Math.floorMod(milliseconds, 1000) * MILLION,
                ZoneOffset.UTC,
            )
        return buildString(24) {
            padded(time.year, 4)
            append('-')
            padded(time.monthValue, 2)
            append('-')
            padded(time.dayOfMonth, 2)
            append('T')
            padded(time.hour, 2)
            append(':')
            padded(time.minute, 2)
            append(':')
            padded(time.second, 2)
            append('.')
            padded(time.nano / MILLION, 3)
            append('Z')
        }
    }

    private fun StringBuilder.padded(
        value: Int,
        width: Int,
    ) = append(value.toString().padStart(width, '0'))
}
