package slipway.server

import java.util.concurrent.locks.LockSupport

/**
 * The thread that sees to time: deadlines, stalled connections, the grace period, and that no loop stands in a function.
 *
 * It is the server's only clock. Invocations arm no timers: a deadline is a number in a slot that is looked at every few
 * milliseconds while anything is in flight.
 */
internal class Watch(
    private val server: Server,
) {
    private lateinit var thread: Thread
    private var seen = arrayOfNulls<Call>(0)
    private var seenSince = LongArray(0)
    private var idleTicks = 0
    private var swept = 0L
    private var drainsUntil = 0L
    private var doneSince = 0L

    @Volatile private var sleeps = false

    private var handsOverUntil = System.nanoTime()

    @Volatile private var handsOver = false

    /** Whether functions have just held threads: the next ones had better not run on a loop's. */
    fun handsOver() = handsOver

    fun start() {
        seen = arrayOfNulls(server.loops.size)
        seenSince = LongArray(server.loops.size)
        Threads.start("watch") {
            thread = Thread.currentThread()
            while (true) tick()
        }
    }

    /** An invocation has come. */
    fun wake() {
        if (sleeps) {
            sleeps = false
            LockSupport.unpark(thread)
        }
    }

    fun drain() {
        // In this order: who sees that the server drains goes by this time.
        drainsUntil = System.nanoTime() + server.settings.grace
        server.state = State.DRAINING
        server.leave()
        LockSupport.unpark(thread)
    }

    private fun tick() {
        val isSlow = idleTicks >= TICKS_UNTIL_SLOW && server.state == State.SERVING
        sleeps = isSlow
        LockSupport.parkNanos(if (isSlow) SLOW_TICK else TICK)
        sleeps = false
        val now = System.nanoTime()
        freeLoops(now)
        val inFlight = lookAtInvocations(now)
        idleTicks = if (inFlight == 0) idleTicks + 1 else 0
        lookAtConnections(now)
        endWhenDone(inFlight, now)
    }

    /** Has another thread go on with a loop that stands in a call. */
    private fun freeLoops(now: Long) {
        for ((index, loop) in server.loops.withIndex()) {
            val call = loop.current()
            if (call !== seen[index]) {
                seen[index] = call
                seenSince[index] = now
            } else if (call is Exchange && stands(call.invocation, now - seenSince[index]) && loop.takeOver(call)) {
                handsOverUntil = now + HAND_OVER
            }
        }
        handsOver = now - handsOverUntil < 0
    }

    /** Whether it blocks, or computes for long. Where there is much to do, a thread may just not have had its turn. */
    private fun stands(
        invocation: Invocation,
        nanoseconds: Long,
    ) = nanoseconds > LONG || invocation.isBlocked()

    /** How many invocations are in flight, but for those that were given up. */
    private fun lookAtInvocations(now: Long): Int {
        var inFlight = 0
        server.flight.forEach { exchange ->
            val invocation = exchange.invocation
            if (invocation.cutAt != 0L) {
                lookAtCut(exchange, now)
            } else {
                inFlight++
                val nanoseconds = now - invocation.started
                if (handsOver && nanoseconds > TICK && invocation.isHeld() && stands(invocation, nanoseconds)) {
                    handsOverUntil = now + HAND_OVER
                }
                cutIfDue(exchange, now)
            }
        }
        return inFlight
    }

    private fun cutIfDue(
        exchange: Exchange,
        now: Long,
    ) {
        val invocation = exchange.invocation
        val refusal =
            when {
                now - invocation.deadline >= 0 -> Refusal(Code.TIMEOUT, "the function did not end in time")
                server.state == State.DRAINING && now - drainsUntil >= 0 -> server.shuttingDown()
                else -> return
            }
        if (invocation.cut(refusal)) exchange.answerCut()
    }

    /** One that was cancelled and interrupted gets a moment to return. Its thread can't be stopped: its process has to go. */
    private fun lookAtCut(
        exchange: Exchange,
        now: Long,
    ) {
        if (!exchange.invocation.isHeld()) {
            server.flight.leave(exchange)
        } else if (now - exchange.invocation.cutAt > PATIENCE && server.state == State.SERVING) {
            server.state = State.RETIRING
            exchange.invocation.note("its timeout ran out and it does not yield: its process is replaced")
            Native.tell(Native.RETIRING)
        }
    }

    /** Once a second; in a process that is about to end, at once. */
    private fun lookAtConnections(now: Long) {
        val isEnding = server.hasLeft
        if (now - swept < (if (isEnding) TICK else SWEEP)) return
        swept = now
        server.connections.groupBy { it.loop }.forEach { (loop, connections) ->
            loop.execute { connections.forEach { it.look(now, isEnding) } }
        }
    }

    private fun endWhenDone(
        inFlight: Int,
        now: Long,
    ) {
        if (!server.hasLeft || inFlight > 0) {
            doneSince = 0
            return
        }
        if (doneSince == 0L) doneSince = now
        val isLate = now - doneSince > server.settings.grace || (drainsUntil != 0L && now - drainsUntil >= 0)
        val isWritten = isLate || server.connections.none { it.isWriting }
        if (server.connections.isEmpty() || (isWritten && now - doneSince > LAST_BYTES)) {
            Logs.flush(LAST_LINES)
            end()
        }
    }

    private companion object {
        /** While invocations are in flight. */
        const val TICK = 2_000_000L

        /** While there is nothing to do. */
        const val SLOW_TICK = 100_000_000L
        const val TICKS_UNTIL_SLOW = 50
        const val SWEEP = 1_000_000_000L

        /** So long functions run elsewhere once one has held a loop. */
        const val HAND_OVER = 500_000_000L

        /** Many times what a thread waits for its turn on a busy machine. */
        const val LONG = 20_000_000L
        const val PATIENCE = 100_000_000L

        /** What answers get to reach their callers once everything else is over. */
        const val LAST_BYTES = 500_000_000L
        const val LAST_LINES = 1_000_000_000L
    }
}
