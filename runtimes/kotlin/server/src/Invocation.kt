package slipway.server

import kotlinx.coroutines.CompletableJob
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineExceptionHandler
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.ThreadContextElement
import slipway.Level
import slipway.Request
import slipway.Response
import slipway.Sink
import java.io.PrintStream
import java.util.concurrent.CancellationException
import java.util.concurrent.atomic.AtomicReference
import kotlin.coroutines.AbstractCoroutineContextElement
import kotlin.coroutines.CoroutineContext

/** How an invocation came to its end. */
internal sealed interface End {
    object Returned : End

    class Failed(
        val problem: Throwable,
    ) : End

    /** Ended from outside. */
    class Cut(
        val refusal: Refusal,
    ) : End
}

/** One run of the function: its identity, its log, and the threads inside it. */
internal class Invocation(
    val id: String,
    trace: String?,
    /** When it has to end, by [System.nanoTime]. */
    val deadline: Long,
    val isInEnvelope: Boolean,
    private val dispatcher: CoroutineDispatcher,
) : Sink {
    val owner = Owner(id, trace)
    val started: Long = System.nanoTime()
    lateinit var request: Request
    val response = Response()

    private val end = AtomicReference<End?>()
    private val kept = if (isInEnvelope) KeptLines() else null
    private val inside = ArrayList<Thread>(1)
    private var printed: Printed? = null

    /** When it was ended from outside, by [System.nanoTime]; 0 where it was not. */
    @Volatile var cutAt = 0L
        private set

    @Volatile private var job: CompletableJob? = null

    /** What its coroutines run in; made for functions that suspend. */
    val context: CoroutineContext by lazy {
        val job = SupervisorJob()
        this.job = job
        // Who cuts it does so before it looks for a job.
        if (cutAt != 0L) job.cancel()
        job + dispatcher + Element() + CoroutineExceptionHandler { _, problem -> logFailure(problem) }
    }

    /** How it ended. */
    fun ended(): End? = end.get()

    /** The first end counts. */
    fun finish(how: End): Boolean = end.compareAndSet(null, how)

    /** Ends it from outside: cancels what awaits, interrupts what blocks. */
    fun cut(refusal: Refusal): Boolean {
        if (!finish(End.Cut(refusal))) return false
        cutAt = System.nanoTime().coerceAtLeast(1)
        job?.cancel(CancellationException(refusal.text))
        synchronized(inside) { inside.forEach(Thread::interrupt) }
        return true
    }

    /** Whether a thread runs its code right now. */
    fun isHeld(): Boolean = synchronized(inside) { inside.isNotEmpty() }

    /** Whether a thread waits in its code: for a lock, for another thread, or for time to pass. */
    fun isBlocked(): Boolean = synchronized(inside) { inside.any { it.state != Thread.State.RUNNABLE } }

    /** Runs function code on this thread on its behalf. */
    inline fun <T> inside(code: () -> T): T {
        val before = enter()
        try {
            return code()
        } finally {
            leave(before)
        }
    }

    private fun enter(): Invocation? {
        val before = CURRENT.get()
        CURRENT.set(this)
        synchronized(inside) {
            // Whoever had the thread before may interrupt it for as long as it knows it.
            if (before == null) Thread.interrupted()
            inside.add(Thread.currentThread())
        }
        return before
    }

    private fun leave(before: Invocation?) {
        synchronized(inside) {
            inside.remove(Thread.currentThread())
            // What interrupted this code, the function itself perhaps, is not meant for the next.
            if (before == null || cutAt != 0L) Thread.interrupted()
        }
        CURRENT.set(before)
    }

    override fun write(
        level: Level,
        message: String,
    ) {
        val line = Logs.writePatiently(level, owner, message)
        kept?.add(line)
    }

    /** A line of the runtime's about it. */
    fun note(message: String) {
        val line = Logs.write(Level.ERROR, owner, message)
        kept?.add(line)
    }

    fun logFailure(problem: Throwable) {
        val line = Logs.error(owner, "the function failed", problem)
        kept?.add(line)
    }

    /** Where its code prints to. */
    fun printed(level: Level): PrintStream {
        val printed = synchronized(this) { printed ?: Printed(this).also { printed = it } }
        return printed.stream(level)
    }

    /** Has the log hold what was printed without a line break, too. */
    fun flushPrinted() {
        val printed = synchronized(this) { printed } ?: return
        printed.flush()
    }

    /** The newest lines that fit, and whether there were more. */
    fun lines(): Pair<List<Line>, Boolean> = kept?.take() ?: (emptyList<Line>() to false)

    /** Carries the invocation to whichever thread resumes one of its coroutines. */
    private inner class Element :
        AbstractCoroutineContextElement(Key),
        ThreadContextElement<Invocation?> {
        override fun updateThreadContext(context: CoroutineContext) = enter()

        override fun restoreThreadContext(
            context: CoroutineContext,
            oldState: Invocation?,
        ) = leave(oldState)
    }

    private companion object Key : CoroutineContext.Key<Element> {
        val CURRENT = ThreadLocal<Invocation?>()
    }

    object Current {
        /** The invocation that this thread runs code of. */
        fun get(): Invocation? = CURRENT.get()
    }
}

/** The lines for the result envelope: the newest that fit. */
internal class KeptLines {
    private val lines = ArrayDeque<Line>()
    private var bytes = 0
    private var isTruncated = false

    @Synchronized
    fun add(line: Line) {
        lines.addLast(line)
        bytes += size(line)
        while (bytes > Contract.RESULT_LOG_BYTES && lines.size > 1) {
            bytes -= size(lines.removeFirst())
            isTruncated = true
        }
        if (bytes > Contract.RESULT_LOG_BYTES) shorten()
    }

    /** Of a line that doesn't fit by itself the end is kept. */
    private fun shorten() {
        val line = lines.removeFirst()
        val text = line.message.toByteArray()
        var from = text.size - Contract.RESULT_LOG_BYTES
        while (from < text.size && text[from].toInt() and 0xC0 == 0x80) from++
        lines.addLast(Line(line.time, line.level, String(text, from, text.size - from)))
        bytes = text.size - from
        isTruncated = true
    }

    @Synchronized
    fun take(): Pair<List<Line>, Boolean> = lines.toList() to isTruncated

    /** An empty one takes room as well. */
    private fun size(line: Line) = maxOf(line.message.toByteArray().size, 1)
}
