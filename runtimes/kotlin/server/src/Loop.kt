package slipway.server

import io.netty.channel.Channel
import io.netty.channel.ChannelFuture
import io.netty.channel.ChannelPromise
import io.netty.channel.DefaultChannelPromise
import io.netty.channel.IoEventLoop
import io.netty.channel.IoEventLoopGroup
import io.netty.channel.IoHandle
import io.netty.channel.IoHandler
import io.netty.channel.IoHandlerContext
import io.netty.channel.IoHandlerFactory
import io.netty.channel.IoRegistration
import io.netty.util.concurrent.AbstractScheduledEventExecutor
import io.netty.util.concurrent.Future
import io.netty.util.concurrent.GlobalEventExecutor
import io.netty.util.concurrent.Promise
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.Executor
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicReference

/** What a loop calls after it has looked at the network. */
internal interface Call : Runnable {
    /** Runs function code, which may take its time. */
    override fun run()

    /** Does with the result what only the loop may do. */
    fun deliver()
}

/**
 * An event loop that calls functions on its own thread, and gives itself to another thread when one of them does not return:
 * a function costs no hand-over, and the network doesn't wait for it.
 *
 * Calls are made between two looks at the network, never during one. So whoever finds the loop in a call, and takes it out of
 * there by [takeOver], may go on where it stands; the thread it was taken from notices when its call returns.
 */
internal class Loop(
    factory: IoHandlerFactory,
    private val threads: Executor,
    private val handsOver: () -> Boolean,
    private val callThreads: Executor,
) : AbstractScheduledEventExecutor(),
    IoEventLoop {
    @Volatile private var owner: Thread? = null
    private val tasks = ConcurrentLinkedQueue<Runnable>()
    private val calls = ArrayDeque<Call>()
    private val made = AtomicReference<Call?>()
    private val handler: IoHandler = factory.newHandler(this)

    private val context =
        object : IoHandlerContext {
            override fun canBlock() = tasks.isEmpty() && calls.isEmpty()

            override fun delayNanos(currentTimeNanos: Long) =
                nextScheduledTaskDeadlineNanos().let { if (it < 0) NEVER else maxOf(0, it - currentTimeNanos) }

            override fun deadlineNanos() = nextScheduledTaskDeadlineNanos()
        }

    fun start() =
        threads.execute {
            owner = Thread.currentThread()
            handler.initialize()
            drive()
        }

    /** Has [call] made after this look at the network; on the loop's thread. */
    fun make(call: Call) = calls.addLast(call)

    /** The call that is being made right now. */
    fun current(): Call? = made.get()

    /** Leaves [call] to the thread that makes it, and has another one go on with everything else; false where it has returned. */
    fun takeOver(call: Call): Boolean {
        if (!made.compareAndSet(call, null)) return false
        threads.execute {
            owner = Thread.currentThread()
            runTasks()
            if (makeCalls()) drive()
        }
        return true
    }

    /** Goes on until the loop is another thread's. */
    private fun drive() {
        do {
            handler.run(context)
            runTasks()
        } while (makeCalls())
    }

    private fun runTasks() {
        while (true) safeExecute(tasks.poll() ?: pollScheduledTask() ?: return)
    }

    /** False where the loop has become another thread's meanwhile. */
    private fun makeCalls(): Boolean {
        while (true) {
            val call = calls.removeFirstOrNull() ?: return true
            if (handsOver()) {
                callThreads.execute { runElsewhere(call) }
                continue
            }
            made.set(call)
            // Whatever comes of it, the loop goes on.
            safeExecute(call)
            if (!made.compareAndSet(call, null)) {
                execute(call::deliver)
                return false
            }
            safeExecute(call::deliver)
        }
    }

    private fun runElsewhere(call: Call) {
        safeExecute(call)
        execute(call::deliver)
    }

    override fun execute(task: Runnable) {
        tasks.add(task)
        // In this order: a thread that has just lost the loop may still seem to be its own.
        if (!inEventLoop()) handler.wakeup()
    }

    override fun inEventLoop(thread: Thread) = thread === owner

    override fun register(channel: Channel): ChannelFuture = register(DefaultChannelPromise(channel, this))

    override fun register(promise: ChannelPromise): ChannelFuture {
        promise.channel().unsafe().register(this, promise)
        return promise
    }

    @Deprecated("Netty's own interface has it still")
    override fun register(
        channel: Channel,
        promise: ChannelPromise,
    ): ChannelFuture {
        channel.unsafe().register(this, promise)
        return promise
    }

    override fun register(handle: IoHandle): Future<IoRegistration> {
        val promise: Promise<IoRegistration> = newPromise()
        val register =
            Runnable {
                try {
                    promise.setSuccess(handler.register(handle))
                } catch (problem: Exception) {
                    promise.setFailure(problem)
                }
            }
        if (inEventLoop()) register.run() else execute(register)
        return promise
    }

    override fun isCompatible(type: Class<out IoHandle>) = handler.isCompatible(type)

    override fun isIoType(type: Class<out IoHandler>) = type.isAssignableFrom(handler.javaClass)

    override fun next(): IoEventLoop = this

    override fun parent(): IoEventLoopGroup? = null

    // A loop ends with its process.

    override fun isShuttingDown() = false

    override fun isShutdown() = false

    override fun isTerminated() = false

    override fun terminationFuture(): Future<*> = GlobalEventExecutor.INSTANCE.newPromise<Unit>()

    override fun shutdownGracefully(
        quietPeriod: Long,
        timeout: Long,
        unit: TimeUnit,
    ): Future<*> = terminationFuture()

    @Deprecated("Netty's own interface has it still")
    override fun shutdown() = Unit

    override fun awaitTermination(
        timeout: Long,
        unit: TimeUnit,
    ) = false

    private companion object {
        const val NEVER = Long.MAX_VALUE / 2
    }
}
