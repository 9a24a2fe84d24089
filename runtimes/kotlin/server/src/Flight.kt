package slipway.server

import java.util.concurrent.atomic.AtomicReferenceArray

/** The invocations in flight, each in a slot: no more than there are slots. */
internal class Flight(
    size: Int,
) {
    private val slots = AtomicReferenceArray<Exchange?>(size)

    val isFull: Boolean get() = (0 until slots.length()).all { slots[it] != null }

    /** False where all slots are taken. */
    fun enter(exchange: Exchange): Boolean {
        for (index in 0 until slots.length()) {
            if (slots[index] == null && slots.compareAndSet(index, null, exchange)) {
                exchange.slot = index
                return true
            }
        }
        return false
    }

    fun leave(exchange: Exchange) = slots.compareAndSet(exchange.slot, exchange, null)

    inline fun forEach(look: (Exchange) -> Unit) {
        for (index in 0 until slots.length()) slots[index]?.let(look)
    }
}
