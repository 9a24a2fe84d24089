package slipway.server

import slipway.Answer
import slipway.EntryPoint
import slipway.Unfit
import kotlin.coroutines.Continuation
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
import kotlin.coroutines.intrinsics.startCoroutineUninterceptedOrReturn

/** An invocation on its way from a connection through the function and back. */
internal class Exchange(
    private val server: Server,
    private val connection: Connection,
    val invocation: Invocation,
    private val entryPoint: EntryPoint,
) : Call,
    Continuation<Unit> {
    /** Where it is in flight. */
    var slot = -1
    private var isDelivered = false

    /** Of the coroutine that the function is, where it suspends. */
    override val context: CoroutineContext get() = invocation.context

    override fun run() {
        val outcome =
            invocation.inside {
                try {
                    val call: suspend Invocation.() -> Unit = { entryPoint.call(request, response) }
                    Result.success(call.startCoroutineUninterceptedOrReturn(invocation, this))
                } catch (problem: Throwable) {
                    Result.failure(problem)
                }
            }
        if (outcome.getOrNull() !== COROUTINE_SUSPENDED) finish(outcome)
    }

    /** A function that had suspended has ended. */
    override fun resumeWith(result: Result<Unit>) {
        try {
            finish(result)
        } finally {
            connection.loop.execute(this::deliver)
        }
    }

    private fun finish(outcome: Result<Any?>) {
        val problem = outcome.exceptionOrNull()
        try {
            if (invocation.ended() == null) {
                if (problem != null) invocation.logFailure(problem)
                invocation.flushPrinted()
            }
        } finally {
            invocation.finish(if (problem == null) End.Returned else End.Failed(problem))
        }
    }

    /** The watch has ended it. */
    fun answerCut() = connection.loop.execute(this::deliver)

    /** Answers, once it has ended. */
    override fun deliver() {
        val end = invocation.ended() ?: return
        if (!isDelivered) {
            isDelivered = true
            connection.answer(outgoing(end))
        }
        // One that was ended from outside stays in its slot as long as it holds a thread; the watch looks after it.
        if (end !is End.Cut || !invocation.isHeld()) server.flight.leave(this)
    }

    private fun outgoing(end: End): Outgoing {
        val given = invocation.response.given
        val refusal =
            when {
                end is End.Cut -> end.refusal
                // An answer that was given counts, whatever came after it.
                given is Answer -> null
                given is Unfit -> Refusal(Code.INVALID_RESPONSE, "the function's answer can't be sent: ${given.problem}")
                end is End.Failed -> Refusal(Code.FUNCTION_ERROR, failure(end.problem))
                else -> Refusal(Code.NO_RESPONSE, "the function ended without an answer")
            }
        val outgoing =
            if (refusal == null) Outgoing.given(given as Answer, invocation.id) else Outgoing.refused(refusal, invocation.id)
        return if (invocation.isInEnvelope) Outgoing.enveloped(outgoing, refusal, invocation) else outgoing
    }

    private fun failure(problem: Throwable) =
        if (server.settings.isDevelopment) {
            "the function failed: ${told(problem, Throwable::toString)}"
        } else {
            "the function failed; its log says why"
        }
}
